//! What the crates below say, told to a customer.

use super::{Kind, Money, Trouble, chained};
use broker_client::CallFailed;
use chain::{BadKeyFile, Failure, Problem, Refusal, RpcError, SendError};
use proto::grpc::call_error;
use proto::{CallError, Malformed};
use recipe::RecipeError;
use storage::{StoreError, UnpackError};
use tonic::{Code, Status};

impl From<BadKeyFile> for Trouble {
    fn from(error: BadKeyFile) -> Self {
        let next = match &error {
            BadKeyFile::Open { path, .. } => format!("chmod 600 {}", path.display()),
            BadKeyFile::Unreadable { .. } | BadKeyFile::NotAFile(_) => "ft account new".into(),
            BadKeyFile::NoPassword(_) | BadKeyFile::WrongPassword(_) => {
                "the same command again with --password-file FILE".into()
            }
            BadKeyFile::TooLong(_)
            | BadKeyFile::NoKey(_)
            | BadKeyFile::Exists(_)
            | BadKeyFile::Unwritable { .. } => "ft account new --key ANOTHER-FILE".into(),
        };
        let kind = match &error {
            BadKeyFile::Unwritable { .. } => Kind::Machine,
            BadKeyFile::Unreadable { .. }
            | BadKeyFile::NotAFile(_)
            | BadKeyFile::Open { .. }
            | BadKeyFile::TooLong(_)
            | BadKeyFile::NoKey(_)
            | BadKeyFile::NoPassword(_)
            | BadKeyFile::WrongPassword(_)
            | BadKeyFile::Exists(_) => Kind::Input,
        };
        Self::new(kind, error.to_string())
            .money(Money::NotMoved)
            .next(next)
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        let (kind, next) = match &problem {
            Problem::Rpc(_) => (Kind::Unreachable, "the same command again"),
            Problem::Config(_) | Problem::WrongChain { .. } | Problem::NoCode { .. } => (
                Kind::Input,
                "ft init --force, or edit [chain] in the configuration",
            ),
            Problem::WalletEmpty(_) => (Kind::Input, "send the wallet money for gas"),
            Problem::BondTooSmall { .. }
            | Problem::NoService(_)
            | Problem::SignerNotAccepted { .. } => (Kind::Refused, "ft providers"),
        };
        Self::new(kind, problem.to_string())
            .money(Money::NotMoved)
            .next(next)
    }
}

impl From<RpcError> for Trouble {
    fn from(error: RpcError) -> Self {
        Failure::from(error).into()
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let what = failure.to_string();
        match failure {
            Failure::Unsettled | Failure::Send(SendError::Pending { .. }) => {
                Self::new(Kind::Unreachable, what)
                    .money(Money::Unknown)
                    .next("the same command again: it reads the chain first")
            }
            Failure::Send(SendError::WalletEmpty { .. }) => Self::new(Kind::Input, what)
                .money(Money::NotMoved)
                .next("send the wallet money for gas, then the same command again"),
            Failure::Rpc(_) | Failure::Follow(_) | Failure::Send(_) => {
                Self::new(Kind::Unreachable, what)
            }
            Failure::NotBefore(_) => Self::new(Kind::Refused, what).money(Money::NotMoved),
            Failure::Refused(refusal) => refused(&refusal),
        }
    }
}

fn refused(refusal: &Refusal) -> Trouble {
    let trouble = Trouble::new(Kind::Refused, refusal.to_string()).money(Money::NotMoved);
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only these have something a customer can do about"
    )]
    match refusal {
        Refusal::FeeNotCovered { .. } | Refusal::NoAccount { .. } => {
            trouble.next("ft account deposit AMOUNT")
        }
        Refusal::SignerNotAccepted { .. } | Refusal::NoService(_) => trouble.next("ft providers"),
        Refusal::Ledger(_) => trouble.next("ft account show"),
        _ => trouble,
    }
}

impl From<RecipeError> for Trouble {
    fn from(error: RecipeError) -> Self {
        Self::new(Kind::Input, format!("the recipe cannot be used: {error}"))
            .money(Money::NotMoved)
            .next("mend the recipe; `ft recipe show` prints every key with its default")
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::new(store_kind(&error), chained(&error))
    }
}

fn store_kind(error: &StoreError) -> Kind {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "what is neither ours nor a lie may be tried again, or not"
    )]
    match error {
        StoreError::Disk { .. } | StoreError::Quota { .. } | StoreError::Worker => Kind::Machine,
        StoreError::WrongContent { .. }
        | StoreError::BadSegment { .. }
        | StoreError::BadOutline { .. } => Kind::NotAsPromised,
        StoreError::Exhausted {
            last: Some(last), ..
        } => store_kind(last),
        other if other.transient() => Kind::Unreachable,
        _ => Kind::Input,
    }
}

impl From<UnpackError> for Trouble {
    fn from(error: UnpackError) -> Self {
        Self::because(Kind::NotAsPromised, "cannot unpack the adapter", &error)
    }
}

impl From<Malformed> for Trouble {
    fn from(error: Malformed) -> Self {
        let what = "the node gave an answer that cannot be read";
        Self::because(Kind::Unreachable, what, &error)
    }
}

impl From<CallFailed> for Trouble {
    fn from(error: CallFailed) -> Self {
        let kind = match &error {
            CallFailed::Refused { error, .. } => kind_of(proto::grpc::code(*error)),
            CallFailed::Unreachable(_) | CallFailed::Silent | CallFailed::Malformed(_) => {
                Kind::Unreachable
            }
            CallFailed::Strange(_) => Kind::Input,
        };
        Self::new(kind, one_line(&chained(&error)))
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        let what = format!("the node says: {}", one_line(status.message()));
        let trouble = Self::new(kind_of(status.code()), what);
        match call_error(&status) {
            Some(CallError::CallerUnknown) => trouble.next(
                "give the provider the key that `ft account show` prints under \"caller\", or go through a broker",
            ),
            Some(CallError::TaskUnknown) => trouble.next("ft list"),
            Some(_) | None => trouble,
        }
    }
}

fn kind_of(code: Code) -> Kind {
    match code {
        Code::Unavailable
        | Code::ResourceExhausted
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Internal
        | Code::Unknown
        | Code::Aborted
        | Code::DataLoss => Kind::Unreachable,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => Kind::Refused,
    }
}

/// Foreign words do not drive the terminal.
fn one_line(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    plain.take(300).collect()
}

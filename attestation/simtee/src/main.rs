//! `sealtune-simtee`: a simulated TEE behind a unix socket.

use attestation::snp::Line;
use clap::Parser;
use simtee::{FakeKds, Fault, Identity, Machine, ReportVersion, SimError, SyntheticRoot};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Simulates an AMD SEV-SNP machine, for development. It protects nothing: whoever runs
/// it can read everything in it. Its root is made at every start and written to
/// --root-out, where a verifier has to be pointed to by name.
#[derive(Debug, Parser)]
#[command(name = "sealtune-simtee", version)]
struct Args {
    /// The socket to serve reports on.
    #[arg(long)]
    socket: PathBuf,
    /// Where to write the root's certificate, in PEM.
    #[arg(long)]
    root_out: PathBuf,
    /// Where to write the revocation list, in DER.
    #[arg(long)]
    crl_out: Option<PathBuf>,
    /// A folder to write a bundle to, as a node publishes one at boot.
    #[arg(long)]
    bundle_out: Option<PathBuf>,
    /// The product line to simulate: Milan, Genoa or Turin.
    #[arg(long, default_value = "Genoa", value_parser = line)]
    line: Line,
    /// The reports' version: 3 or 5.
    #[arg(long, default_value = "5", value_parser = version)]
    report_version: ReportVersion,
    /// The launch digest the guest is to have, 48 bytes in hex.
    #[arg(long, value_parser = bytes::<48>)]
    measurement: Option<[u8; 48]>,
    /// `HOST_DATA`, 32 bytes in hex.
    #[arg(long, value_parser = bytes::<32>)]
    host_data: Option<[u8; 32]>,
    /// Sign with a VLEK issued to this cloud provider.
    #[arg(long)]
    csp: Option<String>,
    /// Also fake AMD's key server on this port of loopback.
    #[arg(long)]
    kds_port: Option<u16>,
    /// Have the key server answer 429 so many times first.
    #[arg(long, default_value_t = 0)]
    kds_throttle: u64,
    /// Have the key server never answer.
    #[arg(long)]
    kds_stall: bool,
}

#[allow(
    clippy::print_stderr,
    reason = "the last word of a command line goes to stderr"
)]
fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("sealtune-simtee: {error}{cause}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), SimError> {
    let root = SyntheticRoot::generate(args.line, now())?;
    if let Some(path) = &args.crl_out {
        write(path, &root.crl()?)?;
    }
    let identity = Identity {
        measurement: args.measurement.unwrap_or([0x51; 48]),
        host_data: args.host_data.unwrap_or_default(),
        version: args.report_version,
        csp: args.csp,
    };
    let machine = Machine::start(root, identity)?;
    if let Some(folder) = &args.bundle_out {
        simtee::boot_bundle(&machine)?.write(folder)?;
    }
    let listener = simtee::listen(&args.socket)?;
    let kds = args
        .kds_port
        .map(|port| FakeKds::bind(port, fault(args.kds_throttle, args.kds_stall)));
    let kds = kds.transpose()?;
    // The root is written last: who finds it finds a simulator that answers.
    write(&args.root_out, &simtee::pem(machine.root().ark()))?;
    std::thread::scope(|scope| {
        if let Some(kds) = &kds {
            scope.spawn(|| kds.serve(&machine));
        }
        simtee::serve(&machine, &listener)
    })
}

const fn fault(throttle: u64, stall: bool) -> Fault {
    match (stall, throttle) {
        (true, _) => Fault::Stall,
        (false, 0) => Fault::None,
        (false, times) => Fault::Throttle(times),
    }
}

fn write(path: &PathBuf, bytes: &[u8]) -> Result<(), SimError> {
    std::fs::write(path, bytes).map_err(|source| SimError::Io {
        what: path.display().to_string(),
        source,
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "a simulator is where its own time comes from"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn line(name: &str) -> Result<Line, String> {
    Line::from_name(name).ok_or_else(|| "expected Milan, Genoa or Turin".to_owned())
}

fn version(text: &str) -> Result<ReportVersion, String> {
    match text {
        "3" => Ok(ReportVersion::V3),
        "5" => Ok(ReportVersion::V5),
        _other => Err("expected 3 or 5".to_owned()),
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], hex::FromHexError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)?;
    Ok(bytes)
}

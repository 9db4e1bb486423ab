//! A node as the protocol has it: announces itself, beats, answers and tells.

use crate::customer::{MODEL, sign};
use attestation::Purpose;
use broker::service::BrokerService;
use k256::ecdsa::SigningKey;
use proto::attestation::{
    BootBundle, ChallengeReply, CpuEvidence, Evidence, LivenessReply, TdxEvidence, liveness_digest,
};
use proto::broker::{
    Announcement, Answer, AnswerKind, BrokerMessage, Dismissal, EndOfLogs, Heartbeat, NodeMessage,
    Request, RequestKind, Welcome,
};
use proto::grpc::broker_client::BrokerClient;
use proto::grpc::broker_server::BrokerServer;
use proto::node::{DispatchReply, ModelOffer, NodeState, NodeStatus, Offer};
use proto::task::{LogLevel, LogLine, LogLines, Phase, TaskEvent, TaskEventKind, TaskStatus};
use proto::{
    Address, Blob, BootId, CallError, Digest, Fence, Finite, List, PublicKey, Reason, TaskId, Text,
    Tier, Wei, wire,
};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

pub(crate) const BOOT: BootId = BootId([6; 16]);
pub(crate) const TLS: Digest = Digest([1; 32]);
pub(crate) const CONFIG: Digest = Digest([2; 32]);
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) provider: Address,
    key: SigningKey,
    pub(crate) queue_free: u32,
    pub(crate) price: u64,
    /// Signs nonces with another key.
    pub(crate) lies: bool,
    pub(crate) prove: fn(Purpose, [u8; 32], [u8; 33]) -> Evidence,
}

/// A broker that is called without a network.
pub(crate) type Client = BrokerClient<BrokerServer<BrokerService>>;

/// A session that was opened, whatever the broker says to it.
pub(crate) struct Line {
    pub(crate) out: mpsc::Sender<wire::NodeMessage>,
    heard: mpsc::Receiver<BrokerMessage>,
    reading: JoinHandle<()>,
    pub(crate) node: Node,
    pub(crate) welcome: Welcome,
    beat: u64,
    number: u64,
}

impl Node {
    pub(crate) fn number(number: u8) -> Self {
        let node = Self::of(SigningKey::from_slice(&[number; 32]).unwrap());
        Self {
            provider: Address::repeat_byte(number),
            ..node
        }
    }

    /// A node with this key, which is its operator's too.
    pub(crate) fn of(key: SigningKey) -> Self {
        Self {
            provider: Address::from_private_key(&key),
            key,
            queue_free: 1,
            price: 1,
            lies: false,
            prove: |_purpose, _nonce, _signer| evidence(),
        }
    }

    pub(crate) fn signer(&self) -> Address {
        Address::from_private_key(&self.key)
    }

    pub(crate) fn offer(&self) -> Offer {
        let model = ModelOffer {
            root: MODEL,
            name: Text::fitted("tiny"),
            price_per_mtoken: Wei::from(self.price),
            sequence_tokens_max: 4_096,
            tokens_per_sec: Finite::new(1_000.0).unwrap(),
        };
        Offer {
            provider: self.provider,
            signer: self.signer(),
            tier: Tier::Cpu,
            models: List::new(vec![model]).unwrap(),
            gpus: List::default(),
            queue_free: self.queue_free,
            memory_bytes: 1 << 30,
            dataset_bytes_max: 1 << 30,
        }
    }

    fn bundle(&self) -> BootBundle {
        let signer = self.public();
        BootBundle {
            evidence: (self.prove)(Purpose::Boot, [0; 32], signer),
            signer: PublicKey::try_from(signer.as_slice()).unwrap(),
            tls_spki: TLS,
            config: CONFIG,
            boot_id: BOOT,
        }
    }

    fn public(&self) -> [u8; 33] {
        let point = self.key.verifying_key().to_encoded_point(true);
        point.as_bytes().try_into().unwrap()
    }

    fn announcement(&self, fence_seen: Fence) -> Announcement {
        Announcement {
            offer: self.offer(),
            bundle: self.bundle(),
            endpoint: None,
            version: Text::fitted("0"),
            fence_seen,
            open_tasks: List::default(),
        }
    }

    /// Announces itself and waits for a welcome.
    pub(crate) async fn join(self, client: Client) -> Result<Line, Dismissal> {
        self.join_having_seen(client, Fence(0)).await
    }

    pub(crate) async fn join_having_seen(
        self,
        mut client: Client,
        fence_seen: Fence,
    ) -> Result<Line, Dismissal> {
        let (out, messages) = self.announced(fence_seen).await;
        let heard = client.session(messages).await.unwrap().into_inner();
        self.settle(out, heard).await
    }

    /// What opens a session, over any way to a broker.
    pub(crate) async fn announced(
        &self,
        fence_seen: Fence,
    ) -> (
        mpsc::Sender<wire::NodeMessage>,
        ReceiverStream<wire::NodeMessage>,
    ) {
        let (out, messages) = mpsc::channel(64);
        let announced = NodeMessage::Announcement(self.announcement(fence_seen));
        out.send(announced.into()).await.unwrap();
        (out, ReceiverStream::new(messages))
    }

    /// Proves itself until it is welcome or sent away.
    pub(crate) async fn settle(
        self,
        out: mpsc::Sender<wire::NodeMessage>,
        mut heard: Streaming<wire::BrokerMessage>,
    ) -> Result<Line, Dismissal> {
        loop {
            match next(&mut heard).await.expect("a session ends with a word") {
                BrokerMessage::Welcome(welcome) => {
                    let (heard, reading) = read(heard, out.clone(), self.clone());
                    return Ok(Line {
                        out,
                        heard,
                        reading,
                        node: self,
                        welcome,
                        beat: 0,
                        number: 0,
                    });
                }
                BrokerMessage::Dismissal(dismissal) => return Err(dismissal),
                BrokerMessage::Request(request) => {
                    let answer = self.answer(&request);
                    let answer = answer.expect("before the welcome only proofs are asked for");
                    out.send(NodeMessage::Answer(answer).into()).await.unwrap();
                }
            }
        }
    }

    /// What every node answers by itself.
    fn answer(&self, request: &Request) -> Option<Answer> {
        let id = request.id;
        let kind = match &request.kind {
            RequestKind::Liveness(asked) => {
                let stranger = SigningKey::from_slice(&[99; 32]).unwrap();
                let key = if self.lies { &stranger } else { &self.key };
                AnswerKind::Liveness(LivenessReply {
                    boot_id: BOOT,
                    signature: sign(key, &liveness_digest(BOOT, asked.nonce)),
                })
            }
            RequestKind::Challenge(asked) => AnswerKind::Challenge(ChallengeReply {
                evidence: (self.prove)(Purpose::Challenge, asked.nonce.0, self.public()),
            }),
            _ => return None,
        };
        Some(Answer { id, kind })
    }
}

impl Line {
    pub(crate) async fn beat(&mut self) {
        self.beat += 1;
        let heartbeat = Heartbeat {
            fence: self.welcome.fence,
            beat: self.beat,
            status: NodeStatus {
                offer: self.node.offer(),
                state: NodeState::Serving,
                training: None,
                tasks_open: 0,
                up_secs: 1,
                version: Text::fitted("0"),
                chain_time: 1,
            },
        };
        self.say(NodeMessage::Heartbeat(heartbeat)).await;
    }

    pub(crate) async fn say(&self, message: NodeMessage) {
        self.out.send(message.into()).await.unwrap();
    }

    /// The next request that is not a proof.
    pub(crate) async fn asked(&mut self) -> Request {
        let message = self.hear().await.expect("the session goes on");
        let BrokerMessage::Request(request) = message else {
            panic!("asked nothing, but told {message:?}");
        };
        request
    }

    /// Takes an order that is handed over.
    pub(crate) async fn take(&mut self) -> TaskId {
        let request = self.asked().await;
        let RequestKind::Dispatch(dispatch) = request.kind else {
            panic!("no order, but {:?}", request.kind);
        };
        let task = dispatch.submission.order().id();
        let status = self.status(task, Phase::Promised);
        let kind = AnswerKind::Dispatch(DispatchReply::Taken(status));
        self.say(NodeMessage::Answer(Answer {
            id: request.id,
            kind,
        }))
        .await;
        task
    }

    pub(crate) async fn refuse(&mut self, reason: Reason) -> TaskId {
        let request = self.asked().await;
        let RequestKind::Dispatch(dispatch) = request.kind else {
            panic!("no order, but {:?}", request.kind);
        };
        let kind = AnswerKind::Dispatch(DispatchReply::Refused(reason.into()));
        self.say(NodeMessage::Answer(Answer {
            id: request.id,
            kind,
        }))
        .await;
        dispatch.submission.order().id()
    }

    pub(crate) async fn tell(&mut self, task: TaskId, phase: Phase) {
        self.number += 1;
        let event = TaskEvent {
            task,
            sequence: self.number,
            at: 1,
            kind: TaskEventKind::Phase(phase),
        };
        self.say(NodeMessage::Event(event)).await;
    }

    pub(crate) async fn answer_status(&mut self, id: u64, task: TaskId, phase: Phase) {
        let kind = AnswerKind::Status(self.status(task, phase));
        self.say(NodeMessage::Answer(Answer { id, kind })).await;
    }

    pub(crate) async fn answer_log(&mut self, id: u64, text: &str) {
        let line = LogLine {
            sequence: 1,
            at_ms: 1,
            level: LogLevel::Info,
            text: Text::fitted(text),
        };
        let lines = List::new(vec![line]).unwrap();
        for kind in [
            AnswerKind::Logs(LogLines { lines }),
            AnswerKind::LogsEnd(EndOfLogs {}),
        ] {
            self.say(NodeMessage::Answer(Answer { id, kind })).await;
        }
    }

    fn status(&mut self, task: TaskId, phase: Phase) -> TaskStatus {
        self.number += 1;
        TaskStatus {
            task,
            phase,
            provider: Some(self.node.provider),
            queue_position: None,
            step: None,
            evaluation: None,
            changed_at: 1,
            sequence: self.number,
        }
    }

    pub(crate) async fn hear(&mut self) -> Option<BrokerMessage> {
        let message = tokio::time::timeout(PATIENCE, self.heard.recv());
        message.await.expect("the broker says something")
    }

    /// As long as it takes.
    pub(crate) async fn hear_or_wait(&mut self) -> Option<BrokerMessage> {
        self.heard.recv().await
    }

    /// Whether the broker is still there to hear it.
    pub(crate) async fn try_say(&self, message: NodeMessage) -> bool {
        self.out.send(message.into()).await.is_ok()
    }

    pub(crate) async fn dismissed(&mut self) -> CallError {
        loop {
            match self.hear().await.expect("a session ends with a word") {
                BrokerMessage::Dismissal(dismissal) => return dismissal.cause.error,
                BrokerMessage::Request(_) => {}
                BrokerMessage::Welcome(_) => panic!("welcomed twice"),
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// A node reads all the time, whatever else it does, and answers proofs by itself.
#[allow(clippy::disallowed_methods, reason = "a test has no crew")]
fn read(
    mut heard: Streaming<wire::BrokerMessage>,
    out: mpsc::Sender<wire::NodeMessage>,
    node: Node,
) -> (mpsc::Receiver<BrokerMessage>, JoinHandle<()>) {
    let (to, messages) = mpsc::channel(256);
    let reading = tokio::spawn(async move {
        while let Ok(Some(message)) = heard.message().await {
            let message = BrokerMessage::try_from(message).unwrap();
            let answer = match &message {
                BrokerMessage::Request(request) => node.answer(request),
                BrokerMessage::Welcome(_) | BrokerMessage::Dismissal(_) => None,
            };
            let gone = match answer {
                Some(answer) => out.send(NodeMessage::Answer(answer).into()).await.is_err(),
                None => to.send(message).await.is_err(),
            };
            if gone {
                return;
            }
        }
    });
    (messages, reading)
}

async fn next(heard: &mut Streaming<wire::BrokerMessage>) -> Option<BrokerMessage> {
    let message = tokio::time::timeout(PATIENCE, heard.message());
    let message = message.await.expect("the broker says something");
    message.unwrap().map(|message| message.try_into().unwrap())
}

fn evidence() -> Evidence {
    Evidence {
        cpu: CpuEvidence::Tdx(TdxEvidence {
            quote: Blob::new(vec![1]).unwrap(),
            collateral: Blob::new(Vec::new()).unwrap(),
        }),
        transcript: Blob::new(vec![1]).unwrap(),
        gpus: List::default(),
        rims: List::default(),
    }
}

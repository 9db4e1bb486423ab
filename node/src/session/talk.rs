//! A session after the welcome: it hears, beats, answers and tells at the same time, so that none
//! waits for another.

use super::{Broker, Left, answer, beat, tell};
use broker_client::{Session, Voice};
use proto::broker::{BrokerMessage, Farewell, NodeMessage, Request, Welcome};
use proto::{TaskId, Text};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Requests without an answer; above what a broker has open at once, so that it is heard always.
/// At the bound the session ends.
const REQUESTS_MAX: usize = 2_048;
/// Tasks that are to be told of; then who names one waits.
const NAMED_MAX: usize = 64;
/// How long a broker may take to end its side after a farewell.
const FAREWELL: Duration = Duration::from_secs(2);

const LOST: Left = Left::Lost { was_welcome: true };

/// What the parts of a session share.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) broker: Broker,
    pub(super) voice: Voice,
    /// Tasks whose events concern this broker.
    pub(super) named: mpsc::Sender<TaskId>,
}

pub(super) async fn talk(
    broker: &Broker,
    mut session: Session,
    welcome: Welcome,
    end: &CancellationToken,
) -> Left {
    let (requests, asked) = mpsc::channel(REQUESTS_MAX);
    let (named, tasks) = mpsc::channel(NAMED_MAX);
    let line = Line {
        broker: broker.clone(),
        voice: session.voice(),
        named,
    };
    let left = tokio::select! {
        biased;
        () = end.cancelled() => Left::End,
        left = hear(&mut session, requests) => left,
        () = beat::beat(&line, &welcome) => LOST,
        () = answer::answer(&line, asked) => LOST,
        () = tell::tell(&line, tasks) => LOST,
    };
    if matches!(left, Left::End) {
        part(line, session).await;
    }
    left
}

async fn hear(session: &mut Session, requests: mpsc::Sender<Request>) -> Left {
    loop {
        match session.hear().await {
            Ok(Some(BrokerMessage::Request(request))) => {
                if requests.try_send(request).is_err() {
                    return LOST;
                }
            }
            Ok(Some(BrokerMessage::Dismissal(dismissal))) => return Left::Dismissed(dismissal),
            // Welcomed twice, or nothing more to hear.
            Ok(Some(BrokerMessage::Welcome(_)) | None) => return LOST,
            Err(error) => {
                debug!(%error, "the session broke");
                return LOST;
            }
        }
    }
}

/// The farewell is heard before the connection goes.
async fn part(line: Line, mut session: Session) {
    let cause = Text::fitted("the node stops");
    let farewell = NodeMessage::Farewell(Farewell { cause });
    let parted = async {
        if line.voice.say(farewell).await.is_ok() {
            while let Ok(Some(_message)) = session.hear().await {}
        }
    };
    // Who takes longer finds the connection gone.
    drop(tokio::time::timeout(FAREWELL, parted).await);
}

//! Requests of a broker, each answered by itself.

use super::talk::Line;
use crate::api::{FencesError, Unanswered};
use broker_client::Gone;
use futures_util::stream::{FuturesUnordered, StreamExt};
use proto::broker::{Answer, AnswerKind, EndOfLogs, Failure, NodeMessage, Request, RequestKind};
use proto::node::{DispatchRequest, GetRequest, LogsRequest};
use proto::task::{LogLines, TaskStatus};
use proto::{CallError, List, Text};
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

/// Logs under way at once; who wants one more is told to come again.
const LOGS_MAX: usize = 64;

/// Ends when nobody hears it.
pub(super) async fn answer(line: &Line, mut asked: mpsc::Receiver<Request>) {
    let logs = Semaphore::new(LOGS_MAX);
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            request = asked.recv() => match request {
                Some(request) => under_way.push(Box::pin(line.answer(request, &logs))),
                None => return,
            },
            Some(said) = under_way.next() => if said.is_err() {
                return;
            },
        }
    }
}

/// The request could not be answered.
pub(super) fn failure(unanswered: Unanswered) -> AnswerKind {
    AnswerKind::Failure(Failure {
        error: unanswered.error,
        detail: Text::fitted(unanswered.detail),
    })
}

impl Line {
    async fn answer(&self, request: Request, logs: &Semaphore) -> Result<(), Gone> {
        let Request { id, kind } = request;
        let clerk = &self.broker.clerk;
        let answered = match kind {
            RequestKind::Logs(asked) => return self.tell_log(id, asked, logs).await,
            RequestKind::Dispatch(asked) => self.dispatch(asked).await,
            RequestKind::Get(asked) => self.get(asked).await.map(AnswerKind::Status),
            RequestKind::Cancel(asked) => clerk.cancel(&asked).await.map(AnswerKind::Status),
            RequestKind::Liveness(asked) => {
                let signed = clerk.liveness(asked.nonce);
                signed.map(AnswerKind::Liveness)
            }
            RequestKind::Challenge(asked) => {
                let shown = clerk.challenge(asked.nonce).await;
                shown.map(AnswerKind::Challenge)
            }
        };
        self.say(id, answered.unwrap_or_else(failure)).await
    }

    /// Whose task it is is on disk before it is taken: its broker is told of it from then on.
    async fn dispatch(&self, asked: DispatchRequest) -> Result<AnswerKind, Unanswered> {
        let (broker, task) = (self.broker.id(), asked.submission.order().id());
        let admitted = self.broker.fences.admit(broker, asked.fence);
        admitted.map_err(|error| fenced(&error))?;
        let noted = self.broker.dealt.note(broker, task);
        noted.map_err(|error| {
            warn!(code = "N-BROKER-006", %error, "a dispatch was refused");
            CallError::NotReady
        })?;
        let reply = Box::pin(self.broker.clerk.take(asked.submission)).await?;
        // Nobody to name it to: the session is at its end.
        let _gone = self.named.send(task).await;
        Ok(AnswerKind::Dispatch(reply))
    }

    /// A broker may ask how its own tasks stand; about others a customer lets it.
    async fn get(&self, asked: GetRequest) -> Result<TaskStatus, Unanswered> {
        let task = asked.task;
        if asked.permit.is_some() {
            return self.broker.clerk.get(&asked).await;
        }
        if !self.broker.dealt.has(self.broker.id(), task) {
            return Err(CallError::TaskUnknown.into());
        }
        let told = self.broker.clerk.status(task).await?;
        let _gone = self.named.send(task).await;
        Ok(told)
    }

    async fn tell_log(&self, id: u64, asked: LogsRequest, logs: &Semaphore) -> Result<(), Gone> {
        let Ok(_seat) = logs.try_acquire() else {
            return self
                .say(id, failure(CallError::TooManyStreams.into()))
                .await;
        };
        let mut tail = match self.broker.clerk.lines(&asked).await {
            Ok(tail) => tail,
            Err(unanswered) => return self.say(id, failure(unanswered)).await,
        };
        while let Some(tail) = &mut tail {
            let Some(batch) = tail.next().await else {
                break;
            };
            let lines = List::new(batch).unwrap_or_default();
            self.say(id, AnswerKind::Logs(LogLines { lines })).await?;
        }
        self.say(id, AnswerKind::LogsEnd(EndOfLogs {})).await
    }

    async fn say(&self, id: u64, kind: AnswerKind) -> Result<(), Gone> {
        let answer = NodeMessage::Answer(Answer { id, kind });
        self.voice.say(answer).await
    }
}

pub(super) fn fenced(error: &FencesError) -> CallError {
    match error {
        FencesError::Stale => CallError::FenceStale,
        FencesError::Read { .. } | FencesError::Garbled { .. } | FencesError::Write(_) => {
            warn!(code = "N-BROKER-006", %error, "a dispatch was refused");
            CallError::NotReady
        }
    }
}

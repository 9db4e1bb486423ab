//! How long until a broker is dialled again.

use super::Left;
use proto::Digest;
use std::time::Duration;

const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_mins(1);
/// The longest that a broker may send a node away for.
const SENT_AWAY_MOST: Duration = Duration::from_hours(1);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    For(Duration),
    /// The broker said not to come back.
    ForGood,
}

/// Each pause in a row is twice the one before. Nodes that lost one broker together do not come
/// back together: each has a part of its own taken off.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    part: u8,
}

impl Pauses {
    pub(super) fn new(of: Digest) -> Self {
        let [part, ..] = of.0;
        Self { next: LEAST, part }
    }

    pub(super) fn after(&mut self, left: &Left) -> Pause {
        match left {
            Left::End => Pause::For(Duration::ZERO),
            Left::Lost { was_welcome: true } => {
                self.next = LEAST;
                Pause::For(self.double())
            }
            Left::Lost { was_welcome: false } | Left::Stale => Pause::For(self.double()),
            Left::Dismissed(dismissal) => match dismissal.retry_after_secs {
                0 => Pause::ForGood,
                secs => {
                    self.next = LEAST;
                    let asked = Duration::from_secs(secs.into());
                    Pause::For(asked.min(SENT_AWAY_MOST))
                }
            },
        }
    }

    /// Between half of it and all of it.
    fn double(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(MOST);
        let spared = pause.saturating_mul(self.part.into()) / 512;
        pause.saturating_sub(spared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::broker::{Dismissal, Failure};
    use proto::{CallError, Text};

    const LOST: Left = Left::Lost { was_welcome: false };

    fn dismissed(retry_after_secs: u32) -> Left {
        let cause = Failure {
            error: CallError::NotReady,
            detail: Text::fitted(""),
        };
        Left::Dismissed(Dismissal {
            cause,
            retry_after_secs,
        })
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_begin_anew_after_a_welcome() {
        let mut pauses = Pauses::new(Digest([0; 32]));
        let secs: Vec<_> = (0..8)
            .map(|_| pauses.after(&LOST))
            .map(|pause| match pause {
                Pause::For(pause) => pause.as_secs(),
                Pause::ForGood => panic!("nobody said so"),
            })
            .collect();

        assert_eq!(secs, [1, 2, 4, 8, 16, 32, 60, 60]);
        let again = pauses.after(&Left::Lost { was_welcome: true });
        assert_eq!(again, Pause::For(LEAST));
    }

    #[test]
    fn nodes_that_lost_a_broker_together_come_back_one_after_another() {
        let pause = |part| Pauses::new(Digest([part; 32])).after(&LOST);

        assert_eq!(pause(0), Pause::For(Duration::from_secs(1)));
        assert_eq!(pause(128), Pause::For(Duration::from_millis(750)));
    }

    #[test]
    fn a_node_comes_back_when_it_was_told_to_and_not_where_it_was_told_not_to() {
        let mut pauses = Pauses::new(Digest([9; 32]));

        assert_eq!(
            pauses.after(&dismissed(5)),
            Pause::For(Duration::from_secs(5))
        );
        assert_eq!(
            pauses.after(&dismissed(u32::MAX)),
            Pause::For(SENT_AWAY_MOST)
        );
        assert_eq!(pauses.after(&dismissed(0)), Pause::ForGood);
    }
}

//! What the books must answer, in memory and without a database.

use crate::sample;
use broker::job::{News, Turn};
use broker::store::{Changed, Kept, Noted, SqlStore, Store, Submitted, Version};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use proto::{Address, Fence, Reason, Seconds, TaskId, U256, Wei};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Submit {
        number: u64,
        since: Seconds,
    },
    Claim {
        now: Seconds,
        lasts: Seconds,
        count: u32,
    },
    /// A turn of the job, seen as it is or as it was one version ago.
    Turn {
        number: u64,
        turn: Turn,
        stale: bool,
    },
    Enrol {
        provider: u8,
        at: Seconds,
        seen: u64,
    },
    Beat {
        provider: u8,
        fence: u64,
        beat: u64,
        at: Seconds,
    },
    Reopen,
}

#[derive(Default)]
pub(crate) struct Model {
    jobs: BTreeMap<TaskId, (Kept, Seconds)>,
    nodes: BTreeMap<Address, (Fence, u64, Seconds)>,
    entries: u64,
    events: usize,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0..6_u64;
    let submit =
        (number.clone(), 0..50_u64).prop_map(|(number, since)| Step::Submit { number, since });
    let claim = (0..100_u64, 0..50_u64, 1..4_u32).prop_map(|(now, lasts, count)| Step::Claim {
        now,
        lasts,
        count,
    });
    let turn =
        (number, turn(), prop::bool::weighted(0.2)).prop_map(|(number, turn, stale)| Step::Turn {
            number,
            turn,
            stale,
        });
    let enrol = (0..3_u8, 0..100_u64, 0..5_u64).prop_map(|(provider, at, seen)| Step::Enrol {
        provider,
        at,
        seen,
    });
    let beat = (0..3_u8, 0..4_u64, 0..5_u64, 0..100_u64).prop_map(|(provider, fence, beat, at)| {
        Step::Beat {
            provider,
            fence,
            beat,
            at,
        }
    });
    let step = prop_oneof![4 => submit, 3 => claim, 6 => turn, 2 => enrol, 3 => beat, 1 => Just(Step::Reopen)];
    prop::collection::vec(step, 1..40)
}

fn turn() -> impl Strategy<Value = Turn> {
    let node = (0..3_u8).prop_map(sample::address);
    (node, 0..8_u8, 0..1_200_u64).prop_map(|(node, kind, number)| match kind {
        0 | 1 => Turn::Assign {
            to: node,
            fence: Fence(number),
            until: number,
        },
        2 => Turn::Take {
            by: node,
            until: number,
        },
        3 => Turn::Refuse {
            by: node,
            because: Reason::Draining,
        },
        4 => Turn::Tick { now: number },
        5 => Turn::Pay {
            to: node,
            fee: Some(Wei(U256::from(number))),
        },
        6 => Turn::Start { by: node },
        _ => Turn::Fail {
            by: node,
            because: Reason::Diverged,
        },
    })
}

impl Model {
    pub(crate) async fn take(
        &mut self,
        step: &Step,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        match *step {
            Step::Submit { number, since } => self.submit(number, since, store).await,
            Step::Claim { now, lasts, count } => self.claim(now, now + lasts, count, store).await,
            Step::Turn {
                number,
                turn,
                stale,
            } => self.turn(number, turn, stale, store).await,
            Step::Enrol { provider, at, seen } => self.enrol(provider, at, seen, store).await,
            Step::Beat {
                provider,
                fence,
                beat,
                at,
            } => self.beat(provider, fence, beat, at, store).await,
            Step::Reopen => Ok(()),
        }
    }

    async fn submit(
        &mut self,
        number: u64,
        since: Seconds,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        let job = sample::job(number, since);
        let known = self.jobs.contains_key(&job.task);
        let expected = if known {
            Submitted::Known
        } else {
            Submitted::New
        };
        prop_assert_eq!(
            store.submit(&job, sample::OPEN_MAX).await.unwrap(),
            expected
        );
        let kept = Kept {
            news: News::of(&job),
            job,
            version: Version(1),
        };
        self.jobs.entry(kept.job.task).or_insert((kept, 0));
        Ok(())
    }

    async fn claim(
        &mut self,
        now: Seconds,
        until: Seconds,
        count: u32,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        let mut due: Vec<_> = self
            .jobs
            .values_mut()
            .filter(|(kept, claimed)| {
                kept.job.due().is_some_and(|due| due <= now) && *claimed <= now
            })
            .collect();
        due.sort_by_key(|(kept, _)| (kept.job.since, kept.job.task));
        let expected: Vec<_> = due
            .into_iter()
            .take(usize::try_from(count).unwrap())
            .map(|(kept, claimed)| {
                kept.version = Version(kept.version.0 + 1);
                *claimed = until;
                kept.clone()
            })
            .collect();
        prop_assert_eq!(
            store.claim(sample::claim(now, until, count)).await.unwrap(),
            expected
        );
        Ok(())
    }

    async fn turn(
        &mut self,
        number: u64,
        turn: Turn,
        stale: bool,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        let Some((kept, claimed)) = self.jobs.get_mut(&sample::job(number, 0).task) else {
            return Ok(());
        };
        let Some(mut change) = sample::change(kept, turn, 1) else {
            return Ok(());
        };
        if stale {
            change.version = Version(change.version.0 - 1);
            prop_assert_eq!(store.change(&change).await.unwrap(), Changed::Stale);
            return Ok(());
        }
        let next = Version(kept.version.0 + 1);
        prop_assert_eq!(store.change(&change).await.unwrap(), Changed::Done(next));
        self.entries += u64::from(change.entry.is_some());
        self.events += change.events.len();
        *kept = Kept {
            job: change.job,
            news: change.news,
            version: next,
        };
        *claimed = 0;
        Ok(())
    }

    async fn enrol(
        &mut self,
        provider: u8,
        at: Seconds,
        seen: u64,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        let known = self
            .nodes
            .get(&sample::address(provider))
            .map_or(0, |node| node.0.0);
        let fence = store
            .enrol(&sample::enrolment(provider, at, seen))
            .await
            .unwrap();
        prop_assert!(fence.0 > known && fence.0 > seen);
        self.nodes.insert(sample::address(provider), (fence, 0, at));
        Ok(())
    }

    async fn beat(
        &mut self,
        provider: u8,
        fence: u64,
        beat: u64,
        at: Seconds,
        store: &SqlStore,
    ) -> Result<(), TestCaseError> {
        let told = store
            .beat(&sample::beat(provider, fence, beat, at))
            .await
            .unwrap();
        let node = self.nodes.get_mut(&sample::address(provider));
        let alive = node.filter(|node| node.0 == Fence(fence) && node.1 < beat);
        prop_assert_eq!(
            told,
            if alive.is_some() {
                Noted::Alive
            } else {
                Noted::Stale
            }
        );
        if let Some(node) = alive {
            *node = (node.0, beat, at);
        }
        Ok(())
    }

    /// The whole of the books, looked at in every way they can be.
    pub(crate) async fn compare(&self, store: &SqlStore) -> Result<(), TestCaseError> {
        for (task, (kept, _)) in &self.jobs {
            let told = store.job(*task).await.unwrap();
            prop_assert_eq!(told.as_ref(), Some(kept));
        }
        for customer in (0..4).map(sample::address) {
            let theirs: Vec<_> = self
                .jobs
                .values()
                .map(|(kept, _)| kept.clone())
                .filter(|kept| kept.job.customer() == customer)
                .collect();
            prop_assert_eq!(
                store.jobs_of(customer, TaskId([0; 32]), 100).await.unwrap(),
                theirs
            );
        }
        for since in [0, 50] {
            let alive: Vec<_> = self
                .nodes
                .iter()
                .filter(|(_, node)| node.2 >= since)
                .map(|(provider, node)| (*provider, node.0))
                .collect();
            let told = store.nodes(since, Address::ZERO, 100).await.unwrap();
            let told: Vec<_> = told
                .iter()
                .map(|member| (member.offer.provider, member.fence))
                .collect();
            let alive: Vec<_> = alive
                .into_iter()
                .filter(|(provider, _)| *provider > Address::ZERO)
                .collect();
            prop_assert_eq!(told, alive);
        }
        prop_assert_eq!(store.links().await.unwrap().count, self.entries);
        let mut events = 0;
        for (task, (kept, _)) in &self.jobs {
            let told = store.events(*task, 0, 1_000).await.unwrap();
            let latest = told.last().map_or(0, |event| event.sequence);
            prop_assert_eq!(latest, kept.news.status.sequence);
            events += told.len();
        }
        prop_assert_eq!(events, self.events);
        for holder in (0..3).map(sample::address) {
            let theirs = store.held_by(holder).await.unwrap();
            let held = self
                .jobs
                .values()
                .filter(|(kept, _)| kept.job.holder() == Some(holder));
            prop_assert_eq!(theirs.len(), held.count());
            prop_assert!(theirs.iter().all(|kept| kept.job.holder() == Some(holder)));
        }
        Ok(())
    }
}

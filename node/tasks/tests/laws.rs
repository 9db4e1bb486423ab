//! Laws that hold for every history of a task.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use proptest::prelude::*;
use proto::{
    Address, Digest, EncryptionKey, Order, Provider, Reason, RecipeDigest, Root, Tier, U256, Wei,
};
use tasks::{Duty, Event, Fact, Failure, Limits, News, Outcome, Phase, Standing, Task};

const LIMITS: Limits = Limits {
    stumbles_max: 3,
    backoff_base_secs: 1,
    backoff_max_secs: 60,
};
const BLOB: Root = Root([3; 32]);

fn order() -> Order {
    Order {
        chain_id: 31337,
        contract: Address::repeat_byte(1),
        customer: Address::repeat_byte(2),
        provider: Provider::Any,
        base_model: Root([4; 32]),
        dataset: Root([5; 32]),
        recipe: RecipeDigest([6; 32]),
        fee_max: Wei::from(1_000),
        deadline: 100,
        nonce: U256::from(1),
        encryption_key: EncryptionKey::X25519([7; 32]),
        tier: Tier::Development,
        ack_window_secs: 3_600,
        penalty_bps: 3_000,
        compensation: Wei::ZERO,
        resumable: false,
    }
}

/// What the world answers to a duty, or says by itself before it.
#[derive(Clone, Copy, Debug)]
enum Weather {
    Calm,
    Trouble(Failure),
    /// The duty took effect and its reply was lost.
    Lost,
    Withdrawal,
    /// The customer tells the node that she cancels.
    Wish,
}

fn weather() -> impl Strategy<Value = Weather> {
    prop_oneof![
        12 => Just(Weather::Calm),
        4 => Just(Weather::Trouble(Failure::Transient)),
        2 => Just(Weather::Trouble(Failure::Hopeless(Reason::Diverged))),
        2 => (0_u64..200).prop_map(|until| Weather::Trouble(Failure::NotBefore(until))),
        4 => Just(Weather::Lost),
        1 => Just(Weather::Withdrawal),
        1 => Just(Weather::Wish),
    ]
}

fn news(duty: Duty) -> News {
    match duty {
        Duty::Promise => News::Fact(Fact::Promised),
        Duty::Accept => News::Standing(Standing::Accepted),
        Duty::Stage => News::Fact(Fact::Staged {
            dataset: Digest([1; 32]),
        }),
        Duty::Train { .. } => News::Fact(Fact::Trained {
            adapter: Digest([2; 32]),
        }),
        Duty::Seal { .. } => News::Fact(Fact::Sealed { blob: BLOB }),
        Duty::Deliver { blob } => News::Standing(Standing::Delivered { blob }),
        Duty::Settle { .. } => News::Standing(Standing::Settled),
        Duty::Release(reason) => News::Standing(Standing::Released(reason)),
        Duty::Nothing => unreachable!("a closed task owes nothing"),
    }
}

/// A life: the task, what was recorded of it, and what the chain heard.
struct Life {
    task: Task,
    history: Vec<Event>,
    heard: Vec<Standing>,
}

fn live(weather: &[Weather]) -> Life {
    let history = vec![Event::Offered(Box::new(order()))];
    let task = Task::apply(None, &history[0]).unwrap();
    let mut life = Life {
        task,
        history,
        heard: Vec::new(),
    };
    for (now, &weather) in (0..).zip(weather) {
        if life.task.is_closed() {
            break;
        }
        life.step(now, weather);
    }
    life
}

impl Life {
    fn step(&mut self, now: u64, weather: Weather) {
        if let Weather::Wish = weather {
            return self.cancel();
        }
        let report = match weather {
            Weather::Calm => Ok(self.attempt()),
            Weather::Trouble(failure) => Err(failure),
            Weather::Lost => {
                self.attempt();
                Err(Failure::Transient)
            }
            Weather::Withdrawal if self.heard.iter().all(|s| *s == Standing::Accepted) => {
                self.heard.push(Standing::Withdrawn);
                Ok(News::Standing(Standing::Withdrawn))
            }
            Weather::Withdrawal | Weather::Wish => Err(Failure::Transient),
        };
        let event = self.task.judge(report, now, &LIMITS);
        self.task = Task::apply(Some(self.task.clone()), &event).unwrap();
        self.history.push(event);
    }

    fn cancel(&mut self) {
        if let Some(event) = self.task.cancel() {
            self.task = Task::apply(Some(self.task.clone()), &event).unwrap();
            self.history.push(event);
        }
    }

    fn attempt(&mut self) -> News {
        let news = news(self.task.duty());
        if let News::Standing(standing) = news {
            self.heard.push(standing);
        }
        news
    }

    fn did(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.history.iter().any(wanted)
    }
}

fn replay(history: &[Event]) -> Option<Task> {
    history
        .iter()
        .fold(None, |task, event| Some(Task::apply(task, event).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn replay_is_the_live_task(weather in prop::collection::vec(weather(), 0..60)) {
        let life = live(&weather);

        prop_assert_eq!(replay(&life.history), Some(life.task));
    }

    #[test]
    fn refused_means_the_chain_never_heard(weather in prop::collection::vec(weather(), 0..60)) {
        let life = live(&weather);

        if let Phase::Closed(Outcome::Refused(_)) = life.task.phase() {
            prop_assert!(life.heard.is_empty());
        }
    }

    #[test]
    fn the_chain_never_hears_of_two_endings(weather in prop::collection::vec(weather(), 0..60)) {
        let life = live(&weather);

        let delivered = life.heard.contains(&Standing::Delivered { blob: BLOB });
        let returned = life.heard.iter().any(|s| matches!(s, Standing::Released(_)));
        prop_assert!(!(delivered && returned));
    }

    #[test]
    fn paid_only_after_delivery(weather in prop::collection::vec(weather(), 0..60)) {
        let life = live(&weather);

        if life.task.phase() == Phase::Closed(Outcome::Paid) {
            let delivered = Event::Learned(Standing::Delivered { blob: BLOB });
            prop_assert!(life.did(|event| *event == delivered));
        }
    }

    #[test]
    fn a_wish_to_cancel_is_granted_until_an_adapter_is_sealed_and_never_after(
        weather in prop::collection::vec(weather(), 0..60),
    ) {
        let life = live(&weather);

        let sealed_or_over = life.did(|event| {
            matches!(event, Event::Did(Fact::Sealed { .. }) | Event::GivenUp(_))
        }) || life.task.is_closed();
        let delivered = life.did(|event| {
            matches!(event, Event::Learned(Standing::Delivered { .. }))
        });
        prop_assert_eq!(life.task.cancel().is_none(), sealed_or_over || delivered);
    }

    #[test]
    fn released_only_after_the_promise(weather in prop::collection::vec(weather(), 0..60)) {
        let life = live(&weather);

        if let Phase::Closed(Outcome::Released(_)) = life.task.phase() {
            prop_assert!(life.did(|event| *event == Event::Did(Fact::Promised)));
        }
    }

    #[test]
    fn a_closed_task_hears_nothing_more(
        weather in prop::collection::vec(weather(), 60),
        standing in standing(),
    ) {
        let life = live(&weather);

        if life.task.is_closed() {
            for event in [Event::Learned(standing), Event::GivenUp(Reason::Diverged), Event::Stumbled { retry_at: 9 }] {
                prop_assert!(Task::apply(Some(life.task.clone()), &event).is_err());
            }
        }
    }

    #[test]
    fn fair_weather_closes_every_task(weather in prop::collection::vec(weather(), 0..60)) {
        let calm = vec![Weather::Calm; 9];

        prop_assert!(live(&[weather, calm].concat()).task.is_closed());
    }

    /// The host puts an old disk back: the task forgets its last events, and the
    /// chain's word alone must lead to the same ending.
    #[test]
    fn a_rewound_task_catches_up_with_the_chain(
        weather in prop::collection::vec(weather(), 0..60),
        kept in 1_usize..20,
    ) {
        let life = live(&weather);
        let rewound = replay(&life.history[..kept.min(life.history.len())]).unwrap();

        if let Some(&last) = life.heard.last() {
            let caught_up = if rewound.would_learn(last) {
                Task::apply(Some(rewound), &Event::Learned(last)).unwrap()
            } else {
                rewound
            };
            match last {
                Standing::Delivered { blob } => {
                    prop_assert_eq!(caught_up.duty(), Duty::Settle { blob });
                }
                Standing::Settled | Standing::Released(_) | Standing::Withdrawn => {
                    prop_assert!(caught_up.is_closed());
                }
                Standing::Open | Standing::Accepted | Standing::Acknowledged { .. } => {
                    prop_assert!(!matches!(caught_up.duty(), Duty::Promise | Duty::Accept));
                }
            }
        }
    }
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Open),
        Just(Standing::Accepted),
        Just(Standing::Delivered { blob: BLOB }),
        Just(Standing::Acknowledged { blob: BLOB }),
        Just(Standing::Settled),
        Just(Standing::Released(Reason::Diverged)),
        Just(Standing::Withdrawn),
    ]
}

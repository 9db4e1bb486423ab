//! The kill test on the real thing.
//!
//! While orders go from dispatch to settlement, the node, the trainer and the connection to
//! the chain die at random moments. Every order ends paid exactly once or released, and what
//! a resumed training made is, byte for byte, what an uninterrupted one makes.

use crate::audit::audit;
use crate::customer::is_over;
use crate::story::{Expected, Play, until_standing};
use chain::Standing;
use proto::Wei;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// How much of it; the long form is for `make soak`.
struct Measure {
    kills: u32,
    orders_at_once: u64,
    steps: u64,
}

fn measure() -> Measure {
    #[allow(
        clippy::disallowed_methods,
        reason = "a test's size is the runner's choice"
    )]
    let kills = std::env::var("SEALTUNE_E2E_KILLS").ok();
    match kills.and_then(|text| text.parse().ok()) {
        Some(kills) => Measure {
            kills,
            orders_at_once: 3,
            steps: 300,
        },
        None => Measure {
            kills: 4,
            orders_at_once: 1,
            steps: 150,
        },
    }
}

/// What was done to the node so far.
#[derive(Debug, Default)]
struct Harm {
    node: u32,
    trainer: u32,
    wire: u32,
}

impl Harm {
    fn sum(&self) -> u32 {
        self.node + self.trainer + self.wire
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_every_order_is_paid_once_or_released() {
    let measure = measure();
    let mut play = Play::begin().await;
    let mut rng = StdRng::seed_from_u64(7);
    let mut harm = Harm::default();
    let mut fees = Vec::new();
    let mut number = 0;

    while harm.sum() < measure.kills {
        let mut batch = Vec::new();
        for _ in 0..measure.orders_at_once {
            number += 1;
            batch.push(play.order(number, measure.steps).await);
        }
        for expected in &batch {
            play.node.submit(&expected.signed, &expected.recipe).await;
        }
        suffer(&mut play, &batch, &mut rng, &mut harm, measure.kills).await;
        for expected in batch {
            fees.extend(judged(&play, expected).await);
        }
        eprintln!("{number} orders, {} paid, {harm:?}", fees.len());
    }

    assert!(!fees.is_empty(), "nothing was ever paid");
    audit(&mut play, &fees).await;
}

/// Until every order of the batch is over: something dies, the rest goes on.
async fn suffer(
    play: &mut Play,
    batch: &[Expected],
    rng: &mut StdRng,
    harm: &mut Harm,
    kills: u32,
) {
    let deadline = tokio::time::Instant::now() + Duration::from_mins(10);
    loop {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{}",
            play.node.log()
        );
        let pause = Duration::from_millis(rng.random_range(50..2_500));
        tokio::time::sleep(pause).await;
        if harm.sum() < kills {
            hurt(play, rng, harm).await;
        }
        let alive = !play.node.has_ended();
        assert!(alive, "the node ended by itself: {}", play.node.log());
        if serve(play, batch).await {
            return;
        }
    }
}

async fn hurt(play: &mut Play, rng: &mut StdRng, harm: &mut Harm) {
    match rng.random_range(0..3) {
        0 => {
            play.node.kill();
            play.node.start();
            harm.node += 1;
        }
        1 => harm.trainer += u32::from(play.node.kill_trainer()),
        _ => {
            play.wire.cut();
            let dark = Duration::from_millis(rng.random_range(100..1_500));
            tokio::time::sleep(dark).await;
            play.wire.mend();
            harm.wire += 1;
        }
    }
}

/// The customer acknowledges what she got; whether all is over.
async fn serve(play: &Play, batch: &[Expected]) -> bool {
    let mut over = true;
    for expected in batch {
        let task = expected.task();
        match play.standing(task).await {
            Some(Standing::Delivered { .. }) => {
                play.buyer.acknowledge(play.provider, task).await;
                let gone_on = |now| !matches!(now, Standing::Delivered { .. });
                until_standing(&play.reader, task, gone_on).await;
                over = false;
            }
            Some(standing) => over &= is_over(standing),
            None => over = false,
        }
    }
    over
}

/// The fee of a paid order, whose adapter is the right one; nothing for a released one.
async fn judged(play: &Play, expected: Expected) -> Option<Wei> {
    let task = expected.task();
    match play.standing(task).await {
        Some(Standing::Settled) => {
            let (store, folder) = (&play.store, play.folder.path());
            let got = play.buyer.collect(task, play.provider, store, folder).await;
            assert!(
                got == expected.adapter,
                "{task}: another adapter than an uninterrupted training makes"
            );
            Some(expected.fee)
        }
        Some(Standing::Released(reason)) => {
            eprintln!("{task} was released with {reason}");
            None
        }
        other => panic!("{task} ended as {other:?}"),
    }
}

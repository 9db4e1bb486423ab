//! What a watcher sees, and what the hub forgets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use node::fakes::TurnedClock;
use node::feed::{Bounds, Feed, Note, Value};
use proto::task::{Outcome, Phase as Told, TaskEvent, TaskEventKind};
use proto::training::{Progress, Step, Transfer};
use proto::{Digest, Finite, Reason, TaskId};
use std::sync::Arc;
use tasks::{Outcome as End, Phase};

const A: TaskId = TaskId([1; 32]);
const B: TaskId = TaskId([2; 32]);
const C: TaskId = TaskId([3; 32]);
const STAGED: Phase = Phase::Staged {
    dataset: Digest([9; 32]),
};

fn feed(bounds: Bounds) -> Feed {
    Feed::new(Arc::new(TurnedClock::start()), bounds)
}

fn step(number: u64) -> Progress {
    let figure = |figure| Finite::new(figure).unwrap();
    Progress::Step(Step {
        step: number,
        steps_total: 100,
        epoch: figure(0.5),
        tokens: number * 10,
        loss: figure(2.0),
        learning_rate: figure(0.001),
        grad_norm: figure(1.0),
        tokens_per_sec: figure(50.0),
        eta_secs: Some(7),
    })
}

fn sending(bytes_done: u64) -> Progress {
    Progress::Upload(Transfer {
        bytes_done,
        bytes_total: 1_000,
    })
}

async fn all(feed: &Feed, task: TaskId, after: u64) -> Vec<TaskEvent> {
    let mut tail = feed.events(task, after).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = tail.next().await {
        events.extend(batch);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_every_event_once_and_ends_with_the_task() {
    let feed = feed(Bounds::default());
    feed.phase(A, Phase::Offered);
    let mut tail = feed.events(A, 0).unwrap();
    let watcher = async {
        let mut seen = Vec::new();
        while let Some(batch) = tail.next().await {
            seen.extend(batch);
        }
        seen
    };
    let task = async {
        for phase in [Phase::Promised, Phase::Accepted, STAGED] {
            tokio::task::yield_now().await;
            feed.phase(A, phase);
        }
        for number in 1..=3 {
            tokio::task::yield_now().await;
            feed.progress(A, step(number));
        }
        feed.phase(A, Phase::Closed(End::Paid));
    };

    let (seen, ()) = tokio::join!(watcher, task);

    let numbers: Vec<_> = seen.iter().map(|event| event.sequence).collect();
    let first = numbers[0];
    assert_eq!(numbers, (first..first + 8).collect::<Vec<_>>());
    let last = &seen.last().unwrap().kind;
    assert_eq!(*last, TaskEventKind::Phase(Told::Closed(Outcome::Paid)));
}

#[tokio::test(start_paused = true)]
async fn a_watcher_goes_on_after_the_number_it_has() {
    let feed = feed(Bounds::default());
    feed.phase(A, Phase::Offered);
    let have = feed.status(A).unwrap().sequence;
    feed.phase(A, Phase::Promised);
    feed.phase(A, Phase::Closed(End::Withdrawn));

    let rest = all(&feed, A, have).await;

    assert_eq!(rest.len(), 2);
    assert_eq!(rest[0].sequence, have + 1);
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_a_later_boot_are_higher() {
    let clock = Arc::new(TurnedClock::start());
    let first = Feed::new(clock.clone(), Bounds::default());
    first.phase(A, Phase::Offered);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;

    let second = Feed::new(clock, Bounds::default());
    second.phase(A, Phase::Offered);

    assert!(second.status(A).unwrap().sequence > first.status(A).unwrap().sequence + 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn the_same_phase_or_place_told_again_is_no_event() {
    let feed = feed(Bounds::default());
    feed.phase(A, Phase::Accepted);
    feed.queued(A, 2);
    let before = feed.status(A).unwrap().sequence;

    feed.phase(A, Phase::Accepted);
    feed.queued(A, 2);

    assert_eq!(feed.status(A).unwrap().sequence, before);
    assert_eq!(feed.status(A).unwrap().queue_position, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_began_to_train_has_no_place_in_the_queue() {
    let feed = feed(Bounds::default());
    feed.phase(A, STAGED);
    feed.queued(A, 0);

    feed.progress(A, step(1));

    let status = feed.status(A).unwrap();
    assert_eq!(status.queue_position, None);
    assert_eq!(status.step.unwrap().step, 1);
    assert_eq!(feed.latest().unwrap().task, A);
}

#[tokio::test(start_paused = true)]
async fn one_task_keeps_only_so_much_and_the_gap_shows() {
    let feed = feed(Bounds {
        per_task: 4,
        ..Bounds::default()
    });
    feed.phase(A, Phase::Accepted);
    let first = feed.status(A).unwrap().sequence;
    (0..10).for_each(|sent| feed.progress(A, sending(sent)));
    feed.phase(A, Phase::Closed(End::Paid));

    let left = all(&feed, A, 0).await;

    assert_eq!(left.len(), 4);
    assert_eq!(left[0].sequence, first + 8);
}

#[tokio::test(start_paused = true)]
async fn a_talkative_task_takes_room_from_itself_and_not_from_others() {
    let feed = feed(Bounds {
        in_all: 20,
        ..Bounds::default()
    });
    feed.phase(A, Phase::Accepted);
    let mine = feed.status(A).unwrap();

    (0..200).for_each(|sent| feed.progress(B, sending(sent)));
    feed.phase(B, Phase::Closed(End::Paid));

    assert_eq!(feed.status(A).unwrap(), mine);
    assert!(all(&feed, B, 0).await.len() <= 20);
}

#[tokio::test(start_paused = true)]
async fn a_new_task_takes_the_place_of_the_one_closed_first() {
    let feed = feed(Bounds {
        tasks: 2,
        ..Bounds::default()
    });
    feed.phase(A, Phase::Accepted);
    feed.phase(B, Phase::Closed(End::Paid));
    let mut watcher = feed.events(B, u64::MAX).unwrap();

    feed.phase(C, Phase::Offered);

    assert!(feed.status(A).is_some() && feed.status(C).is_some());
    assert!(feed.status(B).is_none());
    assert!(watcher.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_the_words_told_before_it() {
    let feed = feed(Bounds::default());
    feed.phase(A, Phase::Accepted);
    let mistake = Note::error("a row has no text").with("line", Value::Count(7));

    feed.explain(A, &mistake);
    feed.phase(A, Phase::Abandoned(Reason::DatasetMalformed));

    let Told::Abandoned(refusal) = feed.status(A).unwrap().phase else {
        panic!("the task is abandoned");
    };
    assert_eq!(refusal.reason, Reason::DatasetMalformed);
    assert_eq!(&*refusal.detail, "a row has no text line=7");
}

#[tokio::test(start_paused = true)]
async fn a_log_is_read_to_where_it_is_or_followed_to_its_end() {
    let feed = feed(Bounds::default());
    feed.phase(A, Phase::Accepted);
    feed.note(
        A,
        Note::info("dataset fetched").with("bytes", Value::Bytes(12)),
    );

    let mut read = feed.lines(A, 0, false).unwrap();
    let lines = read.next().await.unwrap();
    assert_eq!(&*lines[1].text, "dataset fetched bytes=12B");
    assert!(read.next().await.is_none());

    let mut followed = feed.lines(A, lines[1].sequence, true).unwrap();
    let (more, ()) = tokio::join!(followed.next(), async {
        tokio::task::yield_now().await;
        feed.phase(A, Phase::Closed(End::Paid));
    });
    assert_eq!(&*more.unwrap()[0].text, "paid");
    assert!(followed.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_task_has_no_news() {
    let feed = feed(Bounds::default());

    assert!(feed.status(A).is_none());
    assert!(feed.events(A, 0).is_none());
}

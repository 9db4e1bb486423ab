//! What an idle node takes, and how long an order waits before it trains.

use crate::node::Tuning;
use crate::story::Play;
use std::fs;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const IDLE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_node_takes_little() {
    let tuning = Tuning {
        poll_ms: 1_000,
        log_filter: "info",
        ..Tuning::default()
    };
    let play = Play::begin_with(tuning).await;
    play.node.says("orders are taken", 0).await;
    sleep(Duration::from_secs(2)).await;
    let (began, before) = (Instant::now(), processor_secs(play.node.pid()));

    sleep(IDLE).await;

    let took = processor_secs(play.node.pid()) - before;
    let share = 100.0 * took / began.elapsed().as_secs_f64();
    let resident = resident_kib(play.node.pid());
    eprintln!("idle: {} KiB resident, {share:.2} % of a core", resident);
    assert!(resident < 60 * 1_024, "{resident} KiB resident");
    // The program as it is tested is not optimised; the figure of a release is a tenth.
    assert!(share < 2.0, "{share:.2} % of a core");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_soon_trains() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 20).await;

    play.through(&expected).await;

    let at = |words: &str| play.node.moments(words)[0];
    let offered = at("phase=Offered");
    let accepted = at("phase=Accepted");
    let staged = at("phase=Staged");
    let trains = at("the trainer runs");
    let without_staging = (accepted - offered) + (trains - staged);
    eprintln!(
        "dispatch to training: {:.0} ms, of which the chain {:.0}, staging {:.0}, the start {:.0}",
        1e3 * (trains - offered),
        1e3 * (accepted - offered),
        1e3 * (staged - accepted),
        1e3 * (trains - staged)
    );
    assert!(without_staging < 20.0, "{without_staging:.1} s");
}

fn processor_secs(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    // The 14th and 15th field of proc_pid_stat(5), of which two are before the parenthesis.
    (ticks(11) + ticks(12)) / 100.0
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

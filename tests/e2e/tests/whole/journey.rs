//! The customer's journey, typed: from nothing to an adapter and its receipt.
//!
//! `make demo STEP=journey` plays the first test aloud.

use crate::dataset::{Recipe, data};
use crate::session::{Said, Session, text};
use crate::stage::ether;
use crate::story::{PRICE_WEI, Play, until, until_standing};
use chain::Standing;
use proto::{U256, Wei};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const STEPS: u64 = 30;
/// More than are trained while a test looks on.
const LONG: u64 = 20_000;

/// Her files, and what an uninterrupted training makes of them.
pub(crate) struct Work {
    pub(crate) recipe: PathBuf,
    pub(crate) data: PathBuf,
    fee: Wei,
    adapter: Vec<u8>,
}

pub(crate) fn work(play: &Play, number: u64) -> Work {
    let folder = play.folder.path();
    let recipe = Recipe::of(folder, STEPS);
    let data = data(folder, number);
    let tokens = recipe.tokens(&play.model, &data);
    let adapter = recipe.train(&play.model, &data, &folder.join(format!("out-{number}")));
    Work {
        recipe: folder.join(format!("recipe-{STEPS}.yaml")),
        data,
        fee: Wei(U256::from(tokens) * U256::from(PRICE_WEI)),
        adapter,
    }
}

pub(crate) async fn set(loud: bool) -> (Session, Play) {
    let (session, tuning) = Session::begin(loud);
    let play = Play::begin_with(tuning).await;
    let address = play.node.api().await;
    session.settle(&play, &address.to_string()).await;
    (session, play)
}

/// Orders a training.
fn submit(session: &Session, play: &Play, work: &Work) -> Said {
    order(session, play, (&work.recipe, &work.data), &[])
}

pub(crate) fn order(
    session: &Session,
    play: &Play,
    (recipe, data): (&Path, &Path),
    more: &[&str],
) -> Said {
    let (provider, model) = (play.provider.to_string(), text(&play.model.folder));
    let words = ["submit", text(recipe), "--data", text(data), "--yes"];
    let where_to = ["--provider", &provider, "--model-dir", model];
    session.ft(&[words.as_slice(), &where_to, more].concat())
}

fn task_of(said: &Said) -> String {
    let task = said.out.lines().next().unwrap_or_default();
    assert!(said.code == 0 && task.starts_with("0x"), "{said:?}");
    task.to_owned()
}

async fn journey(loud: bool) {
    let (session, play) = set(loud).await;
    let (work, provider) = (work(&play, 1), play.provider.to_string());
    let (data, model) = (text(&work.data), text(&play.model.folder));

    session.done(&["account", "add", "5", "--yes"]);
    session.done(&["providers"]);
    session.done(&["models"]);
    let verified = session.done(&["verify", &provider]);
    assert!(
        verified.out.contains("ACCEPTED") && verified.out.contains("NOBODY"),
        "{verified:?}"
    );
    session.done(&["recipe", "show", text(&work.recipe)]);
    session.done(&[
        "data",
        "check",
        data,
        "--recipe",
        text(&work.recipe),
        "--model-dir",
        model,
    ]);
    session.done(&[
        "estimate",
        text(&work.recipe),
        "--data",
        data,
        "--model-dir",
        model,
    ]);
    let submitted = submit(&session, &play, &work);
    assert!(
        submitted.err.contains(&format!("({} wei)", work.fee.0)),
        "{submitted:?}"
    );
    let task = task_of(&submitted);
    session.done(&["list"]);
    let watched = session.done(&["watch", &task]);
    assert!(
        watched.out.contains("loss") && watched.out.contains("delivered"),
        "{watched:?}"
    );
    let logged = session.done(&["logs", &task]);
    assert!(
        logged.out.contains("staged") && !logged.words().contains("what is"),
        "{logged:?}"
    );

    let out = session.path("adapter");
    let got = session.done(&["get", &task, "--out", text(&out), "--yes"]);

    let adapter = fs::read(out.join("adapter_model.safetensors")).unwrap();
    assert!(
        adapter == work.adapter,
        "another adapter than an uninterrupted training makes"
    );
    assert!(
        got.out.contains(&format!("({} wei)", work.fee.0)),
        "{got:?}"
    );
    let account = session.ft(&["account", "show", "--json"]).json();
    let left = ether("5").0 - work.fee.0;
    assert_eq!(
        account["total_wei"],
        left.to_string(),
        "to the wei: {account}"
    );
    receipt(&session, &play, &task, &out);
    session.done(&["account", "show"]);
    session.done(&["list", "--all"]);
}

/// It holds as it is, and no longer when anything in it is touched.
fn receipt(session: &Session, play: &Play, task: &str, adapter: &Path) {
    let file = session.path("receipt.json");
    session.done(&["receipt", task, "--out", text(&file)]);
    let verify = |file: &Path| {
        session.ft(&[
            "receipt",
            "verify",
            text(file),
            "--adapter",
            text(adapter),
            "--development-root",
            text(&play.machine.root_file),
        ])
    };
    let held = verify(&file);
    assert_eq!(held.code, 0, "{held:?}");

    let receipt: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (place, lie, check) in touches(&receipt) {
        let mut touched = receipt.clone();
        *touched.pointer_mut(place).unwrap() = lie;
        let file = session.path("touched.json");
        fs::write(&file, touched.to_string()).unwrap();
        let failed = verify(&file);
        assert_eq!(failed.code, 8, "{place}: {failed:?}");
        let says = format!("FAILS   {check}");
        assert!(failed.err.contains(&says), "{place}: {failed:?}");
    }
}

/// A lie at each place, and the check that finds it.
fn touches(receipt: &Value) -> [(&'static str, Value, &'static str); 6] {
    let root = &receipt["result"]["root"];
    [
        ("/recipe", json!("{}"), "the recipe is the one in the order"),
        (
            "/signed/order/deadline",
            json!(1),
            "the customer signed the order",
        ),
        ("/task", root.clone(), "the task is the order's digest"),
        (
            "/machine/judged_at",
            json!(1),
            "the machine's evidence passed",
        ),
        (
            "/result/tags",
            root.clone(),
            "the machine signed the result",
        ),
        (
            "/result/files/adapter_model.safetensors",
            root.clone(),
            "the adapter's files are the result's",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_types_her_way_from_an_account_to_an_adapter_and_its_receipt() {
    journey(false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people: make demo STEP=journey"]
async fn a_journey_to_look_at() {
    journey(true).await;
}

/// What is not what the chain names is not acknowledged, and she is told so.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_the_result_are_refused_before_anything_is_paid() {
    let (session, play) = set(false).await;
    let work = work(&play, 2);
    session.done(&["account", "add", "5", "--yes"]);
    let task = task_of(&submit(&session, &play, &work));
    session.done(&["watch", &task]);
    let stored = play.standing(task.parse().unwrap()).await;
    let Some(Standing::Delivered { blob }) = stored else {
        panic!("{stored:?}");
    };
    let path = play.store.path(blob);
    let good = fs::read(&path).unwrap();
    let out = session.path("adapter");
    let get = || session.ft(&["get", &task, "--out", text(&out), "--yes"]);

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for wrong in [flipped, b"another content".to_vec()] {
        fs::write(&path, wrong).unwrap();
        drop(fs::remove_file(path.with_extension("outline")));
        let said = get();
        assert_eq!(said.code, 8, "{said:?}");
        assert!(said.err.contains("nothing was acknowledged"), "{said:?}");
        assert!(!out.exists());
    }
    let stands = play.standing(task.parse().unwrap()).await;
    assert_eq!(stands, stored, "nothing was acknowledged");

    fs::write(&path, good).unwrap();
    let said = get();
    assert_eq!(said.code, 0, "{said:?}");
    let adapter = fs::read(out.join("adapter_model.safetensors")).unwrap();
    assert!(adapter == work.adapter);
}

/// Nobody trains it, nobody is paid, and the money is free again.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_nobody_takes_is_taken_back_to_the_wei() {
    let (session, play) = set(false).await;
    let work = work(&play, 3);
    session.done(&["account", "add", "5", "--yes"]);
    let stranger = session.elsewhere();

    let refused = submit(&stranger, &play, &work);

    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.err.contains("none spent; up to"), "{refused:?}");
    assert!(
        refused.err.contains(&format!("({} wei)", work.fee.0)),
        "{refused:?}"
    );
    let listed = stranger.done(&["list", "--json"]).json();
    let task = listed[0]["task"].as_str().unwrap().to_owned();
    assert_eq!(listed[0]["standing"], "open");
    stranger.done(&["cancel", &task]);
    let account = stranger.ft(&["account", "show", "--json"]).json();
    assert_eq!(account["total_wei"], ether("5").0.to_string());
    assert_eq!(account["providers"][0]["reserved_wei"], "0");
    assert_eq!(
        account["providers"][0]["free_wei"],
        ether("1").0.to_string()
    );
    let none = stranger.done(&["list"]);
    assert!(none.out.contains("no open orders"), "{none:?}");
}

/// A provider that promised and is gone: she waits for the deadline, and is compensated.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_provider_vanishes_the_money_comes_back_with_its_compensation() {
    let (session, mut play) = set(false).await;
    let folder = play.folder.path().to_owned();
    Recipe::of(&folder, LONG);
    let (recipe, data) = (folder.join(format!("recipe-{LONG}.yaml")), data(&folder, 4));
    session.done(&["account", "add", "5", "--yes"]);
    let task = task_of(&order(
        &session,
        &play,
        (&recipe, &data),
        &["--compensation", "0.5"],
    ));
    until_standing(&play.reader, task.parse().unwrap(), |now| {
        now == Standing::Accepted
    })
    .await;
    play.node.kill();

    let early = session.ft(&["cancel", &task]);
    play.stage.anvil.pass(25 * 3_600).await;
    let over = async || {
        let said = session.ft(&["cancel", &task]);
        (said.code == 0).then_some(said)
    };
    let said = until(
        "the deadline is over for good",
        Duration::from_mins(1),
        over,
    )
    .await;

    assert_eq!(early.code, 5, "{early:?}");
    assert!(
        early.err.contains("none spent; up to") && early.err.contains("when the deadline is over"),
        "{early:?}"
    );
    assert!(
        said.out
            .contains("0.5 0G (500000000000000000 wei) of its bond"),
        "{said:?}"
    );
    let account = session.ft(&["account", "show", "--json"]).json();
    assert_eq!(account["total_wei"], ether("5").0.to_string());
    assert_eq!(
        account["providers"][0]["free_wei"],
        ether("1").0.to_string()
    );
}

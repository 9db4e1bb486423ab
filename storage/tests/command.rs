//! The command as its users run it, killed and starved of disk.

#![cfg(feature = "cli")]

mod common;

use common::{SEGMENT, Served, command, served_with};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

fn store(dir: &Path, args: &[&str]) -> (bool, Value) {
    let ran = command()
        .arg("--json")
        .arg("--dir")
        .arg(dir)
        .args(args)
        .output()
        .expect("ran");
    let said = if ran.status.success() {
        ran.stdout
    } else {
        ran.stderr
    };
    let last = String::from_utf8(said)
        .expect("text")
        .lines()
        .last()
        .unwrap_or("null")
        .to_owned();
    (
        ran.status.success(),
        serde_json::from_str(&last).expect("JSON"),
    )
}

fn file(dir: &TempDir, size: usize) -> (Vec<u8>, String) {
    let data = common::bytes(size, 11);
    let path = dir.path().join("file");
    std::fs::write(&path, &data).expect("written");
    (data, path.to_str().expect("text").to_owned())
}

#[test]
fn a_file_is_put_listed_verified_fetched_and_collected() {
    let dir = TempDir::new().expect("a folder");
    let home = dir.path().join("home");
    let (data, path) = file(&dir, 600_000);

    let (_, named) = store(&home, &["root", &path]);
    let root = named["root"].as_str().expect("a root");
    assert_eq!(store(&home, &["put", &path]).1["root"], named["root"]);
    assert_eq!(store(&home, &["put", &path]).1["already"], true);
    assert_eq!(store(&home, &["ls"]).1["size"], 600_000);
    assert_eq!(store(&home, &["verify"]).1["good"], true);
    let out = dir.path().join("out");
    assert!(store(&home, &["get", root, "--out", out.to_str().expect("text")]).0);
    assert_eq!(common::read(&out), data);
    assert_eq!(
        store(&home, &["gc", "--retention-days", "0"]).1["freed_bytes"],
        600_000
    );
    assert!(!store(&home, &["get", root]).0);
}

#[test]
fn a_folder_has_one_root_and_comes_back() {
    let dir = TempDir::new().expect("a folder");
    let (home, model) = (dir.path().join("home"), dir.path().join("model"));
    std::fs::create_dir_all(model.join("sub")).expect("made");
    std::fs::write(model.join("config.json"), "{}").expect("written");
    std::fs::write(
        model.join("sub/weights.safetensors"),
        common::bytes(300_000, 1),
    )
    .expect("written");
    let model = model.to_str().expect("text");

    let (_, named) = store(&home, &["root", model]);
    let (_, put) = store(&home, &["put", model]);
    let root = put["root"].as_str().expect("a root");
    let out = dir.path().join("again");
    let (good, _) = store(
        &home,
        &[
            "get",
            root,
            "--unpack",
            "--out",
            out.to_str().expect("text"),
        ],
    );

    assert!(good);
    assert_eq!(named["root"], put["root"]);
    assert_eq!(
        store(&home, &["root", out.to_str().expect("text")]).1["root"],
        put["root"]
    );
}

#[test]
fn a_spoilt_file_fails_the_verification() {
    let dir = TempDir::new().expect("a folder");
    let home = dir.path().join("home");
    let (_, path) = file(&dir, 5000);
    let (_, put) = store(&home, &["put", &path]);
    let kept = home
        .join("content")
        .join(put["root"].as_str().expect("a root"));

    std::fs::write(kept, [1; 5000]).expect("spoilt");

    let (good, said) = store(&home, &["verify"]);
    assert!(!good);
    assert_eq!(
        said["error"],
        "1 of the contents are not what they are called"
    );
}

#[test]
fn a_lack_of_content_is_said_in_words() {
    let dir = TempDir::new().expect("a folder");
    let root = format!("0x{}", "12".repeat(32));

    let (good, said) = store(dir.path(), &["get", &root]);

    assert!(!good);
    assert_eq!(said["error"], format!("no place has {root}"));
}

/// Runs the command and kills it after `life`; whether it was done before.
#[allow(
    clippy::disallowed_methods,
    reason = "the life of a process that is killed at any moment is a time, not a condition"
)]
fn run_and_kill(command: &mut Command, life: Duration) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ran");
    std::thread::sleep(life);
    let done = child
        .try_wait()
        .expect("asked")
        .is_some_and(|status| status.success());
    child.kill().expect("killed");
    child.wait().expect("ended");
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_fifty_points_a_get_still_ends_with_the_right_bytes() {
    const SEGMENTS: usize = 160;
    let data = common::bytes(SEGMENTS * SEGMENT - 5, 12);
    let served = served_with(&[&data]).await;
    let root = served.node.folder().list().expect("listed")[0]
        .root
        .to_string();
    let dir = TempDir::new().expect("a folder");
    let mut random = StdRng::seed_from_u64(7);
    let (url, home, name) = (served.url(), dir.path().to_owned(), root.clone());
    let get = move || {
        let mut get = command();
        get.arg("--dir")
            .arg(&home)
            .args(["get", &name, "--indexer", &url, "--parallel", "2"]);
        get
    };

    let mut kills: u64 = 0;
    let ended = tokio::task::spawn_blocking(move || {
        while kills < 50 {
            let life = Duration::from_millis(random.random_range(1..60));
            if run_and_kill(&mut get(), life) {
                return (kills, true);
            }
            kills += 1;
        }
        (kills, get().status().expect("ran").success())
    });
    let (kills, good) = ended.await.expect("ran");

    assert!(good);
    assert_eq!(common::read(&dir.path().join("content").join(&root)), data);
    assert_eq!(
        std::fs::read_dir(dir.path().join("tmp"))
            .expect("tmp")
            .count(),
        0
    );
    assert!(kills >= 5, "it was killed {kills} times");
    let answers = served
        .faults
        .answers
        .load(std::sync::atomic::Ordering::SeqCst);
    let most = u64::try_from(SEGMENTS).expect("small") + kills * 3;
    assert!(
        answers <= most,
        "{answers} segments sent, at most {most} allowed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_fifty_points_an_upload_still_ends_with_the_right_bytes() {
    const SEGMENTS: usize = 120;
    /// A window on its way at the kill, and one sent again because a node tells a number only.
    const LOST_PER_KILL: u64 = 2 * 2;
    let served = Served::start().await;
    let dir = TempDir::new().expect("a folder");
    let (data, path) = file(&dir, SEGMENTS * SEGMENT - 5);
    let home = dir.path().join("home");
    let url = served.url();
    let root = store(&home, &["root", &path]).1["root"].clone();
    let mut random = StdRng::seed_from_u64(9);
    let put = move || {
        let mut put = command();
        put.arg("--dir")
            .arg(&home)
            .args(["put", &path, "--indexer", &url, "--parallel", "2"]);
        put
    };

    let ended = tokio::task::spawn_blocking(move || {
        let mut kills: u64 = 0;
        while kills < 50 {
            let life = Duration::from_millis(random.random_range(100..400));
            if run_and_kill(&mut put(), life) {
                return (kills, true);
            }
            kills += 1;
        }
        (kills, put().status().expect("ran").success())
    });
    let (kills, good) = ended.await.expect("ran");

    assert!(good);
    let root = root.as_str().expect("a root").parse().expect("a root");
    assert_eq!(common::read(&served.node.folder().path(root)), data);
    assert!(kills >= 2, "it was killed {kills} times");
    let sent = served.faults.uploads.load(Ordering::SeqCst);
    let most = u64::try_from(SEGMENTS).expect("small") + kills * LOST_PER_KILL;
    assert!(
        sent <= most,
        "{sent} segments sent, at most {most} allowed, {kills} kills"
    );
    let received = served.faults.received.load(Ordering::SeqCst);
    assert!(received <= most * 360_000, "{received} bytes");
}

#[test]
fn killed_at_fifty_points_a_put_leaves_all_or_nothing() {
    let dir = TempDir::new().expect("a folder");
    let home = dir.path().join("home");
    let (data, path) = file(&dir, 48 << 20);
    let root = store(&home, &["root", &path]).1["root"]
        .as_str()
        .expect("a root")
        .to_owned();
    let kept = home.join("content").join(&root);
    let mut random = StdRng::seed_from_u64(8);

    for _kill in 0..50 {
        let life = Duration::from_millis(random.random_range(1..80));
        run_and_kill(command().arg("--dir").arg(&home).args(["put", &path]), life);
        if kept.exists() {
            assert_eq!(common::read(&kept), data);
            std::fs::remove_file(&kept).expect("removed");
        }
    }

    assert!(store(&home, &["put", &path]).0);
    assert_eq!(common::read(&kept), data);
    assert_eq!(
        store(&home, &["gc", "--retention-days", "0"]).1["removed"][0]["root"],
        root.as_str()
    );
    assert_eq!(
        std::fs::read_dir(home.join("tmp")).expect("tmp").count(),
        0,
        "what was left is collected"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_the_rest_fetched_later() {
    let data = common::bytes(20 * SEGMENT, 13);
    let served = served_with(&[&data]).await;
    let root = served.node.folder().list().expect("listed")[0]
        .root
        .to_string();
    let dir = TempDir::new().expect("a folder");
    let binary = env!("CARGO_BIN_EXE_sealtune-store");
    let home = dir.path().to_str().expect("text").to_owned();
    let get = format!(
        "{binary} --json --dir {home} get {root} --parallel 1 --indexer {}",
        served.url()
    );

    // A file may have ten segments, as on a disk with room for so many.
    let limited = format!(
        "trap '' XFSZ; ulimit -f {}; exec {get}",
        10 * SEGMENT / 1024
    );
    let full = shell(limited).await;
    let there = served
        .faults
        .answers
        .load(std::sync::atomic::Ordering::SeqCst);
    let later = shell(get).await;

    let said = String::from_utf8(full.stderr).expect("text");
    assert!(
        !full.status.success() && said.contains("cannot") && said.contains(".part"),
        "{said}"
    );
    assert!(
        later.status.success(),
        "{}",
        String::from_utf8_lossy(&later.stderr)
    );
    assert_eq!(common::read(&dir.path().join("content").join(&root)), data);
    let all = served
        .faults
        .answers
        .load(std::sync::atomic::Ordering::SeqCst);
    assert!(there <= all && all <= 20 + 3, "{there} then {all}");
}

async fn shell(line: String) -> std::process::Output {
    let run = move || {
        Command::new("bash")
            .arg("-c")
            .arg(line)
            .output()
            .expect("ran")
    };
    tokio::task::spawn_blocking(run).await.expect("ran")
}

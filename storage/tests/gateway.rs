//! The REST gateway, as a browser or curl meets it.

#![cfg(feature = "cli")]

mod common;

use common::{Served, get, get_range, served_with};
use serde_json::Value;
use std::io::Read;
use storage::{Links, Packing};
use tempfile::TempDir;

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

/// A package of a small folder, served.
async fn with_package() -> (Served, String) {
    let dir = TempDir::new().expect("a folder");
    std::fs::create_dir(dir.path().join("deep")).expect("made");
    std::fs::write(dir.path().join("config.json"), b"{}").expect("written");
    std::fs::write(dir.path().join("deep/empty"), b"").expect("written");
    std::fs::write(dir.path().join("deep/weights"), common::bytes(700_000, 4)).expect("written");
    let mut package = Vec::new();
    let packing = Packing::of(dir.path(), Links::Refuse).expect("packed");
    packing.reader().read_to_end(&mut package).expect("read");
    let served = served_with(&[&package]).await;
    let root = served.node.folder().list().expect("listed")[0].root;
    let url = format!("{}/file/{root}", served.url());
    (served, url)
}

#[tokio::test]
async fn a_file_of_a_package_is_given_alone() {
    let (_served, url) = with_package().await;

    let config = get(&format!("{url}/config.json")).await;
    let empty = get(&format!("{url}/deep/empty")).await;
    let weights = get(&format!("{url}/deep/weights")).await;
    let some = get_range(&format!("{url}/deep/weights"), Some("bytes=1000-1999")).await;

    let all = common::bytes(700_000, 4);
    assert_eq!(config, (200, b"{}".to_vec()));
    assert_eq!(empty, (200, Vec::new()));
    assert_eq!(weights, (200, all.clone()));
    assert_eq!(some, (206, all[1000..2000].to_vec()));
}

#[tokio::test]
async fn what_is_not_in_a_package_is_said() {
    let (_served, url) = with_package().await;

    for name in ["none", "deep", "deep/none", "zzz", "..%2fconfig.json"] {
        let (status, body) = get(&format!("{url}/{name}")).await;
        assert_eq!(status, 404, "{name}");
        assert_eq!(
            json(&body)["message"],
            "no such file in this folder",
            "{name}"
        );
    }
}

#[tokio::test]
async fn content_that_is_no_folder_has_no_files() {
    let served = served_with(&[&common::bytes(5000, 9)]).await;
    let root = served.node.folder().list().expect("listed")[0].root;

    let (status, _) = get(&format!("{}/file/{root}/a", served.url())).await;
    let unknown = "0x".to_owned() + &"5e".repeat(32);
    let (missing, body) = get(&format!("{}/file/{unknown}/a", served.url())).await;

    assert_eq!((status, missing), (404, 404));
    assert_eq!(json(&body)["message"], "file not found");
}

#[tokio::test]
async fn infos_and_status_stand_in_the_gateways_envelope() {
    let data = common::bytes(5000, 9);
    let served = served_with(&[&data]).await;
    let root = served.node.folder().list().expect("listed")[0].root;
    let at = |path: &str| format!("{}{path}", served.url());

    let (_, by_root) = get(&at(&format!("/file/info/{root}"))).await;
    let (_, by_seq) = get(&at("/file/info/0")).await;
    let (_, several) = get(&at(&format!("/files/info?cid={root}&cid=7"))).await;
    let (_, status) = get(&at("/node/status")).await;
    let whole = get(&at(&format!("/file?root={root}&name=x.bin"))).await;

    assert_eq!(json(&by_root)["data"]["tx"]["size"], 5000);
    assert_eq!(json(&by_root), json(&by_seq));
    assert_eq!(json(&several)["data"][1], Value::Null);
    assert_eq!(json(&status)["data"]["nextTxSeq"], 1);
    assert_eq!(whole, (200, data));
}

//! No service before evidence: while the device has not answered, the door is shut.

use crate::machine::SimulatedMachine;
use crate::node::{Node, Settings, Tuning};
use crate::operator::page;
use crate::story::until;
use alloy_primitives::Address;
use proto::Root;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// A request, as the simulated machine reads it: version, operation, 64 bytes.
const REQUEST_BYTES: usize = 66;
/// The operation of a report; the identity asks for a derived key before.
const REPORT: u8 = 1;

/// Stands before the machine, and lets no request for a report through until it is told to.
struct Gate {
    socket: PathBuf,
    asked: Receiver<()>,
    open: SyncSender<()>,
}

impl Gate {
    fn before(machine: &SimulatedMachine, socket: PathBuf) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let behind = machine.socket.clone();
        let (told, asked) = sync_channel(1);
        let (open, opened) = sync_channel::<()>(1);
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let mut caller = caller.unwrap();
                let mut request = [0; REQUEST_BYTES];
                caller.read_exact(&mut request).unwrap();
                if request[1] == REPORT {
                    told.send(()).unwrap();
                    opened.recv().unwrap();
                }
                let mut machine = UnixStream::connect(&behind).unwrap();
                machine.write_all(&request).unwrap();
                let mut answer = Vec::new();
                machine.read_to_end(&mut answer).unwrap();
                // Who has lost patience meanwhile asks again.
                drop(caller.write_all(&answer));
            }
        });
        Self {
            socket,
            asked,
            open,
        }
    }
}

/// A port that nobody listens on.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_opens_only_when_the_evidence_holds() {
    let folder = tempfile::tempdir().unwrap();
    let machine = SimulatedMachine::power_on(folder.path());
    let gate = Gate::before(&machine, folder.path().join("gate.sock"));
    let machine = SimulatedMachine {
        socket: gate.socket.clone(),
        ..machine
    };
    let api = free();
    let wallet = folder.path().join("wallet");
    let settings = Settings {
        machine: &machine,
        rpc: "http://127.0.0.1:9",
        market: Address::repeat_byte(1),
        wallet: &wallet,
        store: &folder.path().join("store"),
        model: Root([1; 32]),
        price_wei: 1,
        tuning: Tuning {
            api,
            ..Tuning::default()
        },
    };
    write_wallet(&wallet);
    let mut node = Node::install(folder.path().join("node"), &settings);
    node.start();

    tokio::task::block_in_place(|| gate.asked.recv().unwrap());
    let operator = node.operator().await;
    let ready = page(operator, "/readyz").unwrap();
    let shut = TcpStream::connect(api);
    let evidence = page(operator, "/v1/attestation").unwrap();
    gate.open.send(()).unwrap();
    let opened = until("the door opens", Duration::from_mins(1), async || {
        TcpStream::connect(api).ok()
    });
    opened.await;

    assert!(
        ready.contains("503") && ready.contains("\"proving\""),
        "{ready}"
    );
    assert!(shut.is_err(), "a door without evidence");
    assert!(evidence.starts_with("HTTP/1.1 503"), "{evidence}");
    let evidence = page(operator, "/v1/attestation").unwrap();
    assert!(evidence.starts_with("HTTP/1.1 200"), "{evidence}");
}

fn write_wallet(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, "11".repeat(32)).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

//! A fake of AMD's key server on loopback, with its faults: it throttles and it stalls.

use crate::{Machine, SimError};
use attestation::snp::{KeyKind, Line};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
const REQUEST_LINE_MAX: u64 = 4096;

/// How the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Answers 429 so many times before it serves.
    Throttle(u64),
    /// Takes connections and never answers.
    Stall,
}

/// The server and how often it was asked.
#[derive(Debug)]
pub struct FakeKds {
    listener: TcpListener,
    fault: Fault,
    asked: Arc<AtomicU64>,
}

impl FakeKds {
    /// Listens on loopback; port 0 takes any that is free.
    pub fn bind(port: u16, fault: Fault) -> Result<Self, SimError> {
        let at = |source| SimError::Io {
            what: format!("port {port} on loopback"),
            source,
        };
        Ok(Self {
            listener: TcpListener::bind(("127.0.0.1", port)).map_err(at)?,
            fault,
            asked: Arc::default(),
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// How many requests came, counted while it serves.
    pub fn asked(&self) -> Arc<AtomicU64> {
        self.asked.clone()
    }

    /// Serves until the process ends.
    pub fn serve(&self, machine: &Machine) {
        let mut stalled = Vec::new();
        for stream in self.listener.incoming().flatten() {
            let number = self.asked.fetch_add(1, Ordering::SeqCst);
            match self.fault {
                Fault::Stall => stalled.push(stream),
                Fault::Throttle(times) if number < times => respond(stream, &busy()),
                Fault::None | Fault::Throttle(_) => answer(stream, machine),
            }
        }
    }
}

struct Response {
    status: &'static str,
    headers: &'static str,
    body: Vec<u8>,
}

fn busy() -> Response {
    Response {
        status: "429 Too Many Requests",
        headers: "Retry-After: 1\r\n",
        body: Vec::new(),
    }
}

fn answer(stream: TcpStream, machine: &Machine) {
    let response = match request_path(&stream) {
        Ok(path) => route(&path, machine),
        Err(_malformed) => None,
    };
    let missing = Response {
        status: "404 Not Found",
        headers: "",
        body: Vec::new(),
    };
    respond(stream, &response.unwrap_or(missing));
}

fn respond(mut stream: TcpStream, response: &Response) {
    let Response {
        status,
        headers,
        body,
    } = response;
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that hangs up has only its own answer to lose.
    let _hung_up = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

/// Reads the request's head and returns its path.
fn request_path(stream: &TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(io::Read::take(stream, REQUEST_LINE_MAX)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    Ok(path.to_owned())
}

fn route(path: &str, machine: &Machine) -> Option<Response> {
    let line = machine.root().line();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let rest = path.strip_prefix(&format!("/vcek/v1/{line}/"))?;
    let body = match rest {
        "cert_chain" => chain(machine),
        "crl" => machine.root().crl().ok()?,
        hwid if hwid == hex::encode(machine.hwid()) && query == level_query(machine) => {
            machine.vek().to_vec()
        }
        _unknown => return None,
    };
    Some(Response {
        status: "200 OK",
        headers: "",
        body,
    })
}

/// ASK, then ARK, in PEM.
fn chain(machine: &Machine) -> Vec<u8> {
    let root = machine.root();
    let certs = [root.issuer(KeyKind::Vcek), root.ark()];
    certs.iter().flat_map(|der| pem(der)).collect()
}

/// A certificate in PEM.
pub fn pem(der: &[u8]) -> Vec<u8> {
    let document = der::Document::try_from(der);
    let pem =
        document.and_then(|document| document.to_pem("CERTIFICATE", der::pem::LineEnding::LF));
    pem.map(String::into_bytes).unwrap_or_default()
}

fn level_query(machine: &Machine) -> String {
    let tcb = machine.tcb();
    let level = format!(
        "blSPL={:02}&teeSPL={:02}&snpSPL={:02}&ucodeSPL={:02}",
        tcb.bl, tcb.tee, tcb.snp, tcb.ucode
    );
    match (machine.root().line(), tcb.fmc) {
        (Line::Turin, Some(fmc)) => format!("fmcSPL={fmc:02}&{level}"),
        (Line::Milan | Line::Genoa | Line::Turin, _) => level,
    }
}

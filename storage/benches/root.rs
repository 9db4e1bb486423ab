//! The root of 1 GiB beside the fastest plain keccak over the same bytes, and a put beside its parts, in GB/s.
//!
//! `cargo bench -p storage --bench root`; `ROOT_BENCH_MIB` sets another size.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the clock and says what it saw"
)]

use keccak_asm::{Digest, Keccak256};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use storage::LocalFolder;
use storage::id::{SEGMENT_BYTES, Shape, root_of, segment_root};
use tempfile::TempDir;

/// Each measure is the best of so many: the machine's other work only slows.
const RUNS: u32 = 3;

fn main() {
    let mib: u64 = std::env::var("ROOT_BENCH_MIB")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1024);
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("content");
    let block: Vec<u8> = (0..1 << 20)
        .map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    let mut file = File::create(&path).expect("created");
    (0..mib).for_each(|_| file.write_all(&block).expect("written"));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("{mib} MiB, {cores} cores");

    let size = mib << 20;
    let one = rate(size, || single_stream(&path, size, 1));
    let all = rate(size, || single_stream(&path, size, cores));
    let segments = rate(size, || segments_alone(size));
    println!("keccak256, one stream a core, 1 core    {one:6.3} GB/s");
    println!("keccak256, one stream a core, all cores {all:6.3} GB/s");
    println!("segment roots from memory, 1 core       {segments:6.3} GB/s");
    let Disk { root, copy, put } = side_by_side(&path, &dir, size);
    println!("root of the file, all cores             {root:6.3} GB/s");
    println!("root / fastest plain keccak loop        {:6.2}", root / all);
    println!("plain copy and fsync                    {copy:6.3} GB/s");
    println!("local put (copy, name, fsync)           {put:6.3} GB/s");
    println!(
        "put / the slower of copy and root       {:6.2}",
        put / copy.min(root)
    );
}

/// GB/s of what a put does, alone and together.
struct Disk {
    root: f64,
    copy: f64,
    put: f64,
}

/// By turns, so that what else the machine does is all of theirs.
fn side_by_side(path: &Path, dir: &TempDir, size: u64) -> Disk {
    let mut best = [Duration::MAX; 3];
    for _ in 0..RUNS {
        let turn = [
            time(&|| {
                black_box(root_of(File::open(path).expect("opened")).expect("named"));
            }),
            plain_copy(path, dir),
            put(path, dir),
        ];
        best = std::array::from_fn(|of| best[of].min(turn[of]));
    }
    let [root, copy, put] = best.map(|time| gigabytes(size) / time.as_secs_f64());
    Disk { root, copy, put }
}

/// The usual way to hash bytes: each core its own part, one message, one lane.
fn single_stream(path: &Path, size: u64, cores: usize) {
    use std::os::unix::fs::FileExt;
    let file = File::open(path).expect("opened");
    let part = size / u64::try_from(cores).expect("small");
    std::thread::scope(|scope| {
        for core in 0..u64::try_from(cores).expect("small") {
            let file = &file;
            scope.spawn(move || {
                let mut hasher = Keccak256::new();
                let mut buffer = vec![0; 1 << 20];
                for at in (core * part..(core + 1) * part).step_by(1 << 20) {
                    file.read_exact_at(&mut buffer, at).expect("read");
                    hasher.update(&buffer);
                }
                black_box(hasher.finalize());
            });
        }
    });
}

fn segments_alone(size: u64) {
    let data = vec![0x5a; usize::try_from(SEGMENT_BYTES).expect("small")];
    let shape = Shape::of(size).expect("not empty");
    for index in 0..size / SEGMENT_BYTES {
        black_box(segment_root(shape, index, black_box(&data)));
    }
}

/// Without the time it takes to be rid of it again.
fn plain_copy(path: &Path, dir: &TempDir) -> Duration {
    let to = dir.path().join("copy");
    let took = time(&|| {
        let mut from = BufReader::with_capacity(1 << 20, File::open(path).expect("opened"));
        let mut to = File::create(&to).expect("created");
        std::io::copy(&mut from, &mut to).expect("copied");
        to.sync_all().expect("synced");
    });
    std::fs::remove_file(to).expect("removed");
    took
}

/// The same.
fn put(path: &Path, dir: &TempDir) -> Duration {
    let home = TempDir::new_in(dir.path()).expect("a folder");
    let folder = LocalFolder::open(home.path(), None).expect("opened");
    time(&|| {
        let file = File::open(path).expect("opened");
        folder.put_reader(file).expect("put");
    })
}

fn rate(size: u64, work: impl Fn()) -> f64 {
    let best = (0..RUNS).map(|_| time(&work)).min().unwrap_or_default();
    gigabytes(size) / best.as_secs_f64()
}

fn gigabytes(size: u64) -> f64 {
    f64::from(u32::try_from(size >> 10).expect("small")) * 1024.0 / 1e9
}

fn time(work: &impl Fn()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

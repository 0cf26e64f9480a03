//! What it costs to look at 5,000 unchanged files, against a loop that opens, reads and hashes them without any rules.
//!
//! `cargo run --release -p hostwright-runtime --example stat_cost`

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::machine::{Digesting, Machine, Reply, Request, Scope};
use sha2::{Digest, Sha256};

const FILE_COUNT: usize = 5_000;
const FILES_IN_DIRECTORY: usize = 100;
const FILE_SIZE: usize = 345;
const ROUNDS: usize = 40;

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir_in("/var/lib").or_else(|_| tempfile::tempdir())?;
    let paths = plant(directory.path())?;
    let machine = LocalMachine::new(LocalOptions {
        root: PathBuf::from("/"),
        protected: vec![PathBuf::from("/etc/hostwright"), PathBuf::from("/var/lib/hostwright")],
        digest_key: [7; 32],
        supervisor: Supervisor { program: PathBuf::from("/nonexistent"), arguments_prefix: Vec::new() },
        runs_directory: directory.path().join("runs"),
    })
    .map_err(io::Error::other)?;
    let scope = Scope { read: vec![directory.path().to_string_lossy().into_owned()], write: Vec::new() };
    let runtime = tokio::runtime::Runtime::new()?;

    let mut native = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for path in &paths {
            black_box(native_digest(path)?);
        }
        native.push(start.elapsed());

        let request =
            Request::Stat { scope: scope.clone(), paths: paths.clone(), digesting: Digesting::Sha256 };
        let start = Instant::now();
        let reply = runtime.block_on(machine.call(request)).map_err(io::Error::other)?;
        ours.push(start.elapsed());
        check(&reply)?;
    }
    let (native, ours) = (median(native), median(ours));
    let ratio = ours.as_secs_f64() / native.as_secs_f64();
    writeln!(
        io::stdout(),
        "{FILE_COUNT} files of {FILE_SIZE} bytes: native {:.2} ms, machine {:.2} ms, ratio {ratio:.2}",
        native.as_secs_f64() * 1e3,
        ours.as_secs_f64() * 1e3,
    )
}

fn plant(directory: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    for number in 0..FILE_COUNT {
        let parent = directory.join(format!("d{}", number / FILES_IN_DIRECTORY));
        fs::create_dir_all(&parent)?;
        let path = parent.join(format!("file-{number}"));
        fs::write(&path, vec![b'x'; FILE_SIZE])?;
        paths.push(path.to_string_lossy().into_owned());
    }
    Ok(paths)
}

fn native_digest(path: &str) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut content = Vec::with_capacity(FILE_SIZE + 1);
    file.read_to_end(&mut content)?;
    Ok((metadata.len(), Sha256::digest(&content).into()))
}

fn check(reply: &Reply) -> io::Result<()> {
    let Reply::Stat(entries) = reply else { return Err(io::Error::other("not an answer to stat")) };
    let is_complete = entries.len() == FILE_COUNT
        && entries.iter().all(|entry| entry.as_ref().is_ok_and(|entry| entry.digest.is_some()));
    if is_complete { Ok(()) } else { Err(io::Error::other("an answer is missing")) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

//! What it costs to find that nothing has changed: the `files` provider against a loop without any rules.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use hostwright_runtime::Call;
use hostwright_runtime::machine::{Digesting, Machine as _, Request, Scope};
use hostwright_runtime::provider::{Desired, State};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::figure::{Figure, Times, shown};
use crate::plugins::{Shipped, event_loop, machine, runtime};

const FILES_IN_DIRECTORY: usize = 100;
const FILE_SIZE: usize = 345;

/// How many files, the most that a check may cost compared to the loop, how often it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep {
    pub(crate) file_count: usize,
    pub(crate) most: f64,
    pub(crate) rounds: usize,
}

/// Checks files that are as desired, in turn with the loop.
pub(crate) fn measure(compiler: &Path, sweeps: &[Sweep]) -> Result<Vec<Figure>> {
    // Below directories that only root can write, like what is managed on a machine; anyone else pays a bit more.
    let directory = tempfile::tempdir_in("/var/lib").or_else(|_| tempfile::tempdir())?;
    let event_loop = event_loop()?;
    let runtime = runtime(compiler, &directory.path().join("cache"))?;
    let machine = machine(directory.path())?;
    let provider = event_loop.block_on(Shipped::provider_of("files")?.load(&runtime, machine.clone()))?;
    let mut figures = Vec::new();
    for sweep in sweeps {
        let planted = plant(sweep.file_count)?;
        let paths: Vec<String> = planted.files.iter().map(|file| file.desired.id.clone()).collect();
        let desired: Vec<Desired> = planted.files.iter().map(|file| file.desired.clone()).collect();
        let scope = Scope { read: Vec::new(), write: vec!["/".to_owned()] };
        let (mut native, mut looked, mut checked) = (Times::default(), Times::default(), Times::default());
        for _ in 0..sweep.rounds {
            let begun = Instant::now();
            for file in &planted.files {
                ensure!(black_box(file.is_as_desired()?), "`{}` changed by itself", file.desired.id);
            }
            native.push(begun.elapsed());

            let request =
                Request::Stat { scope: scope.clone(), paths: paths.clone(), digesting: Digesting::Sha256 };
            let begun = Instant::now();
            black_box(event_loop.block_on(machine.call(request))?);
            looked.push(begun.elapsed());

            let begun = Instant::now();
            let differences = event_loop.block_on(provider.check(&Call::plan(), &desired))?;
            checked.push(begun.elapsed());
            ensure!(differences.is_empty(), "files that are as desired differ: {differences:?}");
        }
        let ratio = checked.ratio_to(&native);
        let measured = format!(
            "{ratio:.2} x native ({} to {}); the host's look alone {:.2}",
            shown(checked.undisturbed()),
            shown(native.undisturbed()),
            looked.ratio_to(&native)
        );
        let name = format!("check of {} unchanged files", sweep.file_count);
        figures.push(Figure::gated(name, measured, ratio, sweep.most));
    }
    Ok(figures)
}

/// A directory of files; removed when dropped.
struct Planted {
    _directory: TempDir,
    files: Vec<PlantedFile>,
}

struct PlantedFile {
    desired: Desired,
    digest: [u8; 32],
    mode: u32,
    owner: (u32, u32),
}

impl PlantedFile {
    /// Opens, looks, reads, hashes, compares, and asks nobody whether it may.
    fn is_as_desired(&self) -> Result<bool> {
        let mut file = File::open(&self.desired.id)?;
        let metadata = file.metadata()?;
        let mut content = Vec::with_capacity(FILE_SIZE + 1);
        file.read_to_end(&mut content)?;
        let digest: [u8; 32] = Sha256::digest(&content).into();
        Ok(digest == self.digest
            && metadata.mode() & 0o7777 == self.mode
            && (metadata.uid(), metadata.gid()) == self.owner)
    }
}

fn plant(count: usize) -> Result<Planted> {
    let directory = tempfile::tempdir_in("/var/lib").or_else(|_| tempfile::tempdir())?;
    let mut files = Vec::with_capacity(count);
    for number in 0..count {
        let parent = directory.path().join(format!("d{}", number / FILES_IN_DIRECTORY));
        fs::create_dir_all(&parent)?;
        let path = parent.join(format!("file-{number}"));
        let content = format!("{number:0FILE_SIZE$}");
        fs::write(&path, &content)?;
        let metadata = fs::metadata(&path)?;
        let mode = metadata.mode() & 0o7777;
        let digest: [u8; 32] = Sha256::digest(&content).into();
        let attributes = json!({
            "content": {"$hostwright": {"blob": format!("sha256:{}", hex::encode(digest)), "size": FILE_SIZE}},
            "owner": named(metadata.uid()),
            "group": named(metadata.gid()),
            "mode": format!("{mode:04o}"),
        });
        let id = path.to_str().context("a path that is text")?.to_owned();
        let desired = Desired { id, state: State::Present(attributes.to_string()) };
        files.push(PlantedFile { desired, digest, mode, owner: (metadata.uid(), metadata.gid()) });
    }
    Ok(Planted { _directory: directory, files })
}

/// Root by its name, as blueprints say it; anybody else by number.
fn named(id: u32) -> String {
    if id == 0 { "root".to_owned() } else { id.to_string() }
}

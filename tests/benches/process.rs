//! What the kernel tells of a process.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result};

/// Memory of a process, in KiB: its share of what it has in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In all.
    pub(crate) share: u64,
    /// Of that, what is its own and backed by no file.
    pub(crate) anonymous: u64,
}

/// Reads the memory of a process.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        number.with_context(|| format!("{path} says nothing of {name}"))
    };
    Ok(Memory { share: field("Pss:")?, anonymous: field("Anonymous:")? })
}

/// Counts the files with this ending that a process has mapped.
pub(crate) fn mapped_files(pid: u32, ending: &str) -> Result<usize> {
    let path = format!("/proc/{pid}/maps");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let files = text.lines().filter_map(|line| line.split_once('/')).map(|(_, file)| file);
    Ok(files.filter(|file| file.ends_with(ending)).collect::<BTreeSet<_>>().len())
}

/// How often each thread of a process was put aside so far, willingly or not.
#[derive(Clone, Debug)]
pub(crate) struct Switches(BTreeMap<String, u64>);

impl Switches {
    /// Reads them.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let mut of_threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task")).context("list the threads")? {
            let entry = entry.context("list the threads")?;
            // A thread may end meanwhile.
            let Ok(status) = fs::read_to_string(entry.path().join("status")) else { continue };
            let switches = status.lines().filter_map(|line| {
                let (name, number) = line.split_once(':')?;
                name.ends_with("ctxt_switches").then(|| number.trim().parse::<u64>().ok())?
            });
            of_threads.insert(entry.file_name().to_string_lossy().into_owned(), switches.sum());
        }
        Ok(Self(of_threads))
    }

    /// Since an earlier moment, all threads together.
    pub(crate) fn since(&self, earlier: &Self) -> u64 {
        let before = |thread| earlier.0.get(thread).copied().unwrap_or_default();
        self.0.iter().map(|(thread, count)| count.saturating_sub(before(thread))).sum()
    }
}

//! What a host leaves on this machine when the process that booted it was killed, and its removal.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::programs::Program;

const CONTROL_GROUPS: &str = "/sys/fs/cgroup";
/// How long something that was ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// The names that a host takes up outside its directory. Written down before the first of them is taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Footprint {
    directory: PathBuf,
    label: String,
}

impl Footprint {
    pub(super) fn plan(directory: &Path, label: &str) -> Self {
        Self { directory: directory.to_owned(), label: label.to_owned() }
    }

    pub(super) fn record(&self) -> Result<()> {
        let path = self.directory.join("footprint.json");
        fs::write(&path, serde_json::to_vec(self).context("write down the host's footprint")?)
            .with_context(|| format!("write {}", path.display()))
    }

    /// The control groups of the named and of the unified hierarchy; the same twice where there is only one.
    pub(super) fn control_groups(&self) -> [PathBuf; 2] {
        let root = Path::new(CONTROL_GROUPS);
        if root.join("cgroup.controllers").exists() {
            return [root.join(&self.label), root.join(&self.label)];
        }
        ["systemd", "unified"].map(|hierarchy| root.join(hierarchy).join(&self.label))
    }

    /// Ends what still runs in the host's control groups, and removes them. A host can outlive its nspawn, and nothing else
    /// tells then that it is there.
    pub(super) fn remove_control_groups(&self) {
        for group in self.control_groups() {
            end_members(&group);
            remove_control_group(&group);
        }
    }

    /// Ends and removes whatever is left of the host in `directory`, and touches nothing else.
    pub(super) fn erase(directory: &Path) -> Result<()> {
        let root = directory.join("root");
        end_machine(&root)?;
        if is_mounted(&root) {
            Program::new("umount").arg(&root).capture().context("unmount the tree of an earlier host")?;
        }
        let Ok(written) = fs::read(directory.join("footprint.json")) else { return Ok(()) };
        let footprint: Self =
            serde_json::from_slice(&written).context("read the footprint of an earlier host")?;
        footprint.remove_control_groups();
        if Path::new("/run/netns").join(&footprint.label).exists() {
            Program::new("ip").args(["netns", "del", &footprint.label]).capture()?;
        }
        fs::remove_file(directory.join("footprint.json")).context("forget the earlier host")
    }
}

/// Puts away all hosts below `hosts`; their files stay.
pub fn put_away(hosts: &Path) -> Result<()> {
    directories(hosts).try_for_each(|directory| Footprint::erase(&directory))
}

/// Puts away the hosts below `hosts` that are `abandoned`, and their files.
pub fn sweep(hosts: &Path, abandoned: impl Fn(&Path) -> bool) -> Result<()> {
    for directory in directories(hosts).filter(|directory| abandoned(directory)) {
        Footprint::erase(&directory)?;
        fs::remove_dir_all(&directory).with_context(|| format!("remove {}", directory.display()))?;
    }
    Ok(())
}

fn directories(hosts: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(hosts).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

/// Kills the nspawn that runs this very tree, if there is one.
fn end_machine(root: &Path) -> Result<()> {
    let argument = format!("--directory={}", root.display());
    let Some(nspawn) = processes().find(|pid| command_line(*pid).contains(&argument)) else { return Ok(()) };
    // nspawn passes its end on to the host, whose pid 1 it watches.
    kill_process(nspawn, Signal::KILL).context("end an earlier host")?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if command_line(nspawn).is_empty() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the earlier host in {} does not end", root.display())
}

fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

fn command_line(pid: Pid) -> Vec<String> {
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts.lines().any(|line| line.split(' ').nth(1) == path.to_str())
}

/// Kills all processes in a group and in those below it, and waits until they are gone.
fn end_members(group: &Path) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let members = members(group);
        if members.is_empty() {
            return;
        }
        for member in members {
            let _ = kill_process(member, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn members(group: &Path) -> Vec<Pid> {
    let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let mut members: Vec<Pid> =
        list.lines().filter_map(|line| line.parse().ok()).filter_map(Pid::from_raw).collect();
    for below in directories(group) {
        members.extend(self::members(&below));
    }
    members
}

/// Control groups are removed from the leaves up; the kernel lets go of them a moment after their last process.
fn remove_control_group(group: &Path) {
    let begun = Instant::now();
    while group.exists() && begun.elapsed() < PATIENCE {
        remove_empty(group);
        if group.exists() {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn remove_empty(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlived_its_nspawn_is_found_by_its_control_group() {
        let directory = tempfile::tempdir().unwrap();
        let footprint = Footprint::plan(directory.path(), &format!("hostwright-test-{}", std::process::id()));
        let [named, unified] = footprint.control_groups();
        let script = "for group in \"$1/payload\" \"$2/payload\"; do \
                      mkdir -p \"$group\" && echo $$ > \"$group/cgroup.procs\" || exit 7; done; exec sleep 600";
        let mut orphan = Program::new("sh")
            .args(["-c", script, "sh"])
            .args([&named, &unified])
            .start(&directory.path().join("log"))
            .unwrap();
        let begun = Instant::now();
        while members(&unified).is_empty() {
            if let Some(status) = orphan.try_wait().unwrap() {
                assert_eq!(status.code(), Some(7), "{status}");
                eprintln!("SKIPPED: no control group can be made here");
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not begin");
            thread::sleep(Duration::from_millis(10));
        }
        footprint.record().unwrap();
        let reaped = thread::spawn(move || orphan.wait().unwrap());
        Footprint::erase(directory.path()).unwrap();
        assert!(!reaped.join().unwrap().success());
        assert!(!named.exists() && !unified.exists());
    }
}

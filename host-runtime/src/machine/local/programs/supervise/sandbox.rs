//! Job `sandbox`: process 1 of fresh namespaces takes away every way to change the machine, then starts the program.
//!
//! - Every mount is read-only and gives no set-user-id bits; device nodes cannot be opened, because a device can be
//!   written through a read-only mount.
//! - `/proc` shows these processes only, so that no other process can be signalled or entered through its `root`.
//! - `/dev` has a handful of harmless nodes, `/tmp` is empty and private, the agent's own things are hidden.
//! - All capabilities are gone but the one to read everything; none can come back.
//!
//! What is left are sockets and pipes in the file system: a daemon that is asked does what it is asked.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags};
use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::kernel::{self, Devices};
use super::line::{Line, QueryLine};
use super::relay::Relay;
use super::{exit_code, query};

const NODES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// The supervisor's word on the time limit comes first.
const GRACE: Duration = Duration::from_secs(1);
const KILLED: i32 = 128 + 9;
const HIDING: &[&str] = &["/tmp", "/dev"];

pub(super) fn sandbox(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| error.to_string())?;
    kernel::inherit_nothing_else().map_err(|error| error.to_string())?;
    let query = Line::parse(arguments)?.query()?;
    let relay = arrange_mounts(&query)?;
    give_up_power().map_err(|error| format!("cannot give up capabilities: {error}"))?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    std::env::set_current_dir("/").map_err(|error| error.to_string())?;
    if let Some(relay) = relay {
        relay.start();
    }
    let mut child = query::program(&query).spawn().map_err(|error| error.to_string())?;
    // The supervisor may have been gone before it was said above what its death means: then the reader goes too.
    let outcome = query::watch(&mut child, query.timeout + GRACE).map_err(|error| error.to_string())?;
    // When this process ends, all others here do.
    Ok(exit_code(outcome.unwrap_or(KILLED)))
}

fn arrange_mounts(query: &QueryLine) -> Result<Option<Relay>, String> {
    let step = |what: &'static str| move |error: io::Error| format!("cannot {what}: {error}");
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).map_err(|error| step("leave shared mounts")(error.into()))?;

    let mut nodes = Vec::new();
    for path in NODES {
        if let Ok(node) = detached(Path::new(path), Devices::Usable) {
            nodes.push((PathBuf::from(path), node));
        }
    }
    let hidden = |path: &&PathBuf| HIDING.iter().any(|hiding| path.starts_with(hiding));
    let exposed = match query.exposed.as_ref().filter(hidden) {
        Some(path) => {
            Some((path, detached(path, Devices::Unusable).map_err(step("show the file to be checked"))?))
        }
        None => None,
    };

    let root = rustix::mount::open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .map_err(|error| step("open the root")(error.into()))?;
    kernel::make_read_only(root.as_fd(), Devices::Unusable)
        .map_err(step("make everything read-only (Linux 5.12 or later can)"))?;
    let nothing_runs = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("proc", "/proc", "proc", nothing_runs | MountFlags::RDONLY, None)
        .map_err(|error| step("mount /proc")(error.into()))?;
    let relay = make_dev(&nodes).map_err(step("make /dev"))?;
    if Path::new("/tmp").is_dir() {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount("tmpfs", "/tmp", "tmpfs", flags, c"mode=1777,size=64m,nr_inodes=16k")
            .map_err(|error| step("make /tmp")(error.into()))?;
    }
    if let Some((path, file)) = exposed {
        put(&file, path).map_err(step("show the file to be checked"))?;
    }
    for mask in &query.masks {
        hide(mask).map_err(step("hide what belongs to the agent"))?;
    }
    Ok(relay)
}

/// A mount of one thing that is attached nowhere yet, read-only.
fn detached(path: &Path, devices: Devices) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = rustix::mount::open_tree(CWD, path, flags)?;
    kernel::make_read_only(mount.as_fd(), devices)?;
    Ok(mount)
}

fn make_dev(nodes: &[(PathBuf, OwnedFd)]) -> io::Result<Option<Relay>> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", "/dev", "tmpfs", flags, c"mode=0755,size=64k")?;
    for (path, node) in nodes {
        put(node, path)?;
    }
    symlink("/proc/self/fd", "/dev/fd")?;
    for (number, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        symlink(format!("/proc/self/fd/{number}"), Path::new("/dev").join(name))?;
    }
    // The one place that can be written for a moment.
    let relay = Relay::arrange(Path::new("/dev/relay"))?;
    rustix::mount::mount_remount("/dev", flags | MountFlags::BIND | MountFlags::RDONLY, "")?;
    Ok(relay)
}

/// Attaches a mount of a file where nothing is yet.
fn put(mount: &OwnedFd, path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, "")?;
    Ok(rustix::mount::move_mount(mount, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

fn hide(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    if metadata.is_dir() {
        let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        return Ok(rustix::mount::mount("tmpfs", path, "tmpfs", flags, c"mode=0700,size=4k")?);
    }
    Ok(rustix::mount::mount_bind("/dev/null", path)?)
}

fn give_up_power() -> io::Result<()> {
    let kept = CapabilitySet::DAC_READ_SEARCH;
    for number in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if capability == kept {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // Beyond the last one that this kernel knows.
            Err(rustix::io::Errno::INVAL) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    rustix::thread::clear_ambient_capability_set()?;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets)?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

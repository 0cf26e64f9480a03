//! Gives up what a compiler does not need: user, groups, network, new privileges, files, processes, memory without end.
#![expect(unsafe_code, reason = "unshare is unsafe for programs with threads; this one has none yet")]

use rustix::io::Errno;
use rustix::process::{Gid, Resource, Rlimit, Uid, geteuid, setrlimit};
use rustix::thread::{UnshareFlags, set_no_new_privs, set_thread_gid, set_thread_groups, set_thread_uid};

/// `nobody` and `nogroup` wherever they have a name.
const NOBODY: u32 = 65_534;

/// Seconds of computing.
const CPU_SECONDS: u64 = 300;

/// Of address space; what large components were seen to need, with room.
const ADDRESS_SPACE: u64 = 8 << 30;

/// Confines this process, which has one thread. What cannot be undone is done even where the rest cannot.
pub(super) fn enter() -> Result<(), Errno> {
    if geteuid().is_root() {
        // SAFETY: the only thread; no file descriptor table is unshared.
        match unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWIPC) } {
            // Containers may forbid it to root; without it `nobody` has the network of the host and nothing to send.
            Ok(()) | Err(Errno::PERM | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(error),
        }
        set_thread_groups(&[])?;
        set_thread_gid(Gid::from_raw(NOBODY))?;
        set_thread_uid(Uid::from_raw(NOBODY))?;
    }
    set_no_new_privs(true)?;
    let limits = [
        (Resource::Cpu, CPU_SECONDS),
        (Resource::As, ADDRESS_SPACE),
        (Resource::Core, 0),
        // Pipes are no files in this sense: nothing can be written to a disk.
        (Resource::Fsize, 0),
        (Resource::Nofile, 16),
        (Resource::Nproc, 0),
    ];
    for (resource, limit) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

//! The few calls to the kernel that the libraries here do not offer as safe functions.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::FdFlags;
use rustix::thread::UnshareFlags;

/// Leaves the namespaces of the parent. Process ids follow with the next child.
pub(super) fn leave_namespaces() -> io::Result<()> {
    let flags = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS;
    #[expect(unsafe_code, reason = "unsafe only with FILES, which is not among the flags")]
    // SAFETY: the table of descriptors stays shared, so that no thread loses one.
    Ok(unsafe { rustix::thread::unshare_unsafe(flags) }?)
}

/// What is taken from a mount, besides `nosuid`.
#[derive(Clone, Copy)]
pub(super) enum Devices {
    Usable,
    Unusable,
}

/// Makes the mount that is open read-only, with everything below it. Needs Linux 5.12.
pub(super) fn make_read_only(mount: BorrowedFd<'_>, devices: Devices) -> io::Result<()> {
    let nodev = match devices {
        Devices::Usable => 0,
        Devices::Unusable => libc::MOUNT_ATTR_NODEV,
    };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | nodev,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    #[expect(unsafe_code, reason = "no library here offers mount_setattr")]
    // SAFETY: the path is a C string, the structure is as large as said, and both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sees to it that a program inherits standard input, output and error, and nothing else.
pub(super) fn inherit_nothing_else() -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let Some(descriptor) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if descriptor > 2 {
            #[expect(unsafe_code, reason = "descriptors that others left open have no owner here")]
            // SAFETY: it was just listed as open, and this process has no other thread that could close it.
            let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
            rustix::io::fcntl_setfd(borrowed, FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

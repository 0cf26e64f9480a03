//! A way from the sandbox to systemd's own socket.
//!
//! `systemctl` asks the socket who is at its other end, and a process of another process namespace is nobody. So this
//! process is at the other end, and passes on what is said. What may be asked rests on the program's pattern.

use std::fs;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use rustix::fs::{Mode, OFlags};

use super::super::super::visit::by_handle;

const SOCKET: &str = "/run/systemd/private";

/// A socket in the place of systemd's, and that one.
pub(super) struct Relay {
    listener: UnixListener,
    systemd: OwnedFd,
}

impl Relay {
    /// Puts itself in the place of systemd's socket, if there is one. `scratch` is a name in a directory that can be
    /// written.
    pub(super) fn arrange(scratch: &Path) -> io::Result<Option<Self>> {
        if !fs::metadata(SOCKET).is_ok_and(|metadata| metadata.file_type().is_socket()) {
            return Ok(None);
        }
        let systemd = rustix::fs::open(SOCKET, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let listener = UnixListener::bind(scratch)?;
        rustix::mount::mount_bind(scratch, SOCKET)?;
        fs::remove_file(scratch)?;
        Ok(Some(Self { listener, systemd }))
    }

    /// Passes on from now on, until this process ends.
    pub(super) fn start(self) {
        thread::spawn(move || {
            let way = by_handle(&self.systemd);
            for client in self.listener.incoming().flatten() {
                if let Ok(server) = UnixStream::connect(&way) {
                    pass_on(&client, &server);
                    pass_on(&server, &client);
                }
            }
        });
    }
}

fn pass_on(from: &UnixStream, to: &UnixStream) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
    thread::spawn(move || {
        // Either end may leave at any time.
        let _passed = io::copy(&mut from, &mut to);
        let _told = to.shutdown(Shutdown::Write);
    });
}

//! Job `enter`: becomes the user, then the program or script.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{Gid, MemfdFlags, Mode, SealFlags, Uid};
use rustix::io::FdFlags;
use sha2::{Digest, Sha256};

use super::super::super::visit::by_handle;
use super::super::record::{Record, RunRequest, What};
use super::super::spawn::clean;
use super::kernel;
use super::line::Line;

pub(super) fn enter(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    let line = Line::parse(arguments)?;
    let record = Record::at(line.one("--record")?.into());
    let describe = |error: io::Error| error.to_string();
    let request = record.request().map_err(describe)?.ok_or("there is no such record")?;
    kernel::inherit_nothing_else().map_err(describe)?;
    rustix::process::setsid().map_err(|error| error.to_string())?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let error = become_program(&record, &request).err();
    Err(error.map_or_else(|| "it did not begin".to_owned(), |error| error.to_string()))
}

fn become_program(record: &Record, request: &RunRequest) -> io::Result<()> {
    let (mut command, _script) = match &request.what {
        What::Program { path, name } => {
            let mut command = clean(path, &request.environment);
            command.arg0(name);
            (command, None)
        }
        What::Script { name, digest, uid, gid, groups, home } => {
            let script = sealed_copy(&record.script()?, digest, *uid, *gid)?;
            become_user(*uid, *gid, groups)?;
            // By handle: neither the record nor a mount without `exec` stands in the user's way. An interpreter opens
            // it by that name, so that the script is the one descriptor it inherits.
            let mut command = clean(&by_handle(&script), &request.environment);
            command.arg0(name);
            if std::env::set_current_dir(home).is_ok() {
                command.current_dir(".");
            }
            (command, Some(script))
        }
    };
    Err(command.args(&request.arguments).exec())
}

fn sealed_copy(content: &[u8], digest: &str, uid: u32, gid: u32) -> io::Result<File> {
    if hex::encode(Sha256::digest(content)) != digest {
        return Err(io::Error::other("the script in the record is not what was delivered"));
    }
    let flags = MemfdFlags::ALLOW_SEALING;
    let memory = match rustix::fs::memfd_create("script", flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 every such file can be executed.
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create("script", flags)?,
        memory => memory?,
    };
    let mut file = File::from(memory);
    file.write_all(content)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o500))?;
    if rustix::process::geteuid().is_root() {
        rustix::fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    // A file that is open for writing anywhere cannot be executed.
    let path = by_handle(file.as_fd());
    let readable = File::open(Path::new(&path))?;
    rustix::io::fcntl_setfd(&readable, FdFlags::empty())?;
    Ok(readable)
}

fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let groups: Vec<Gid> = groups.iter().map(|group| Gid::from_raw(*group)).collect();
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

//! A machine in a directory that only root can change, and the people around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::machine::{
    Content, Digesting, Entry, Invocation, Machine, MachineError, Metadata, Output, Reply, Request, Scope,
};
use rustix::thread::{Gid, Uid};
use tempfile::TempDir;

pub(crate) const NOBODY: u32 = 65534;
pub(crate) const KEY: [u8; 32] = [7; 32];

pub(crate) struct World {
    pub(crate) machine: LocalMachine,
    pub(crate) directory: TempDir,
}

impl World {
    /// The whole machine, with a directory for the test. `None` without root.
    pub(crate) fn new() -> Option<Self> {
        Self::with_protected(&[])
    }

    /// The same, where some paths below the test's directory are protected.
    pub(crate) fn with_protected(protected: &[&str]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        // `/tmp` may be written by anyone, and so is nothing below it trusted.
        let directory = tempfile::Builder::new().prefix("hostwright-test-").tempdir_in("/var/lib").unwrap();
        fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let protected = protected.iter().map(|path| directory.path().join(path)).collect();
        let machine = LocalMachine::new(options(Path::new("/"), directory.path(), protected)).unwrap();
        Some(Self { machine, directory })
    }

    /// A machine whose root is the test's directory `root`.
    pub(crate) fn confined() -> Self {
        let directory = tempfile::Builder::new().prefix("hostwright-test-").tempdir().unwrap();
        fs::create_dir(directory.path().join("root")).unwrap();
        let machine =
            LocalMachine::new(options(&directory.path().join("root"), directory.path(), Vec::new())).unwrap();
        Self { machine, directory }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// As requests say it.
    pub(crate) fn text(&self, below: &str) -> String {
        self.path(below).to_str().unwrap().to_owned()
    }

    /// Everything below the test's directory may be changed.
    pub(crate) fn scope(&self) -> Scope {
        writing(&[self.directory.path().to_str().unwrap()])
    }

    pub(crate) fn write(&self, below: &str, content: &str) {
        fs::write(self.path(below), content).unwrap();
    }

    pub(crate) fn make(&self, below: &str, mode: u32, owner: u32) -> PathBuf {
        let path = self.path(below);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    pub(crate) async fn stat(&self, path: &str) -> Result<Entry, MachineError> {
        stat(&self.machine, self.scope(), path).await
    }

    pub(crate) async fn read(&self, path: &str) -> Result<Bytes, MachineError> {
        read(&self.machine, self.scope(), path).await
    }

    pub(crate) async fn replace(&self, path: &str, content: &str) -> Result<(), MachineError> {
        replace(&self.machine, self.scope(), path, content, Metadata::default()).await
    }

    pub(crate) async fn set(&self, path: &str, metadata: Metadata) -> Result<(), MachineError> {
        let request = Request::SetMetadata { scope: self.scope(), path: path.to_owned(), metadata };
        done(self.machine.call(request).await)
    }

    pub(crate) async fn make_directory(&self, path: &str, metadata: Metadata) -> Result<(), MachineError> {
        let request = Request::MakeDirectory { scope: self.scope(), path: path.to_owned(), metadata };
        done(self.machine.call(request).await)
    }

    pub(crate) async fn remove(&self, path: &str) -> Result<(), MachineError> {
        done(self.machine.call(Request::Remove { scope: self.scope(), path: path.to_owned() }).await)
    }

    pub(crate) async fn list(&self, path: &str) -> Result<Vec<String>, MachineError> {
        match self.machine.call(Request::List { scope: self.scope(), path: path.to_owned() }).await? {
            Reply::List(names) => Ok(names),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn run(&self, invocation: Invocation) -> Result<Output, MachineError> {
        ran(self.machine.call(Request::Run(invocation)).await)
    }
}

pub(crate) fn options(root: &Path, directory: &Path, protected: Vec<PathBuf>) -> LocalOptions {
    LocalOptions {
        root: root.to_path_buf(),
        protected,
        digest_key: KEY,
        supervisor: Supervisor { program: supervisor(), arguments_prefix: vec!["supervise".into()] },
        runs_directory: directory.join("runs"),
    }
}

/// The example of that name, which is built together with the tests.
pub(crate) fn supervisor() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap().join("examples/supervise");
    assert!(built.exists(), "{} is missing: `cargo build --example supervise` makes it", built.display());
    built
}

pub(crate) fn writing(paths: &[&str]) -> Scope {
    Scope { read: Vec::new(), write: paths.iter().map(|path| (*path).to_owned()).collect() }
}

pub(crate) async fn stat(machine: &LocalMachine, scope: Scope, path: &str) -> Result<Entry, MachineError> {
    let request = Request::Stat { scope, paths: vec![path.to_owned()], digesting: Digesting::Sha256 };
    match machine.call(request).await? {
        Reply::Stat(mut entries) => entries.remove(0),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn read(machine: &LocalMachine, scope: Scope, path: &str) -> Result<Bytes, MachineError> {
    match machine.call(Request::Read { scope, path: path.to_owned(), limit: 1 << 20 }).await? {
        Reply::Read(content) => Ok(content),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn replace(
    machine: &LocalMachine,
    scope: Scope,
    path: &str,
    content: &str,
    metadata: Metadata,
) -> Result<(), MachineError> {
    let content = Content::Bytes(content.to_owned().into());
    let request = Request::Replace { scope, path: path.to_owned(), content, metadata, validation: None };
    done(machine.call(request).await)
}

pub(crate) fn done(reply: Result<Reply, MachineError>) -> Result<(), MachineError> {
    reply.map(|reply| assert_eq!(reply, Reply::Done))
}

pub(crate) fn ran(reply: Result<Reply, MachineError>) -> Result<Output, MachineError> {
    match reply? {
        Reply::Ran(output) => Ok(output),
        other => panic!("{other:?}"),
    }
}

/// A shell as the program, to look at what a program sees.
pub(crate) fn shell(effect: Effect, name: Option<&str>, text: &str) -> Invocation {
    Invocation {
        program: "/bin/sh".to_owned(),
        arguments: vec!["-c".to_owned(), text.to_owned()],
        environment: Vec::new(),
        stdin: Bytes::new(),
        effect,
        timeout: Duration::from_secs(30),
        output_bytes: 64 * 1024,
        name: name.map(str::to_owned),
    }
}

pub(crate) fn query(text: &str) -> Invocation {
    shell(Effect::Query, None, text)
}

pub(crate) fn change(name: &str, text: &str) -> Invocation {
    shell(Effect::Change, Some(name), text)
}

/// Does something as another user.
pub(crate) fn as_user<T: Send>(user: u32, job: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                become_user(user);
                job()
            })
            .join()
            .unwrap()
    })
}

/// Has a runtime in which every thread is that of `nobody`.
pub(crate) fn as_nobody<F: Future<Output = ()>>(job: impl FnOnce() -> F + Send) {
    let check = || assert_eq!(rustix::process::geteuid().as_raw(), NOBODY);
    as_user(NOBODY, || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().on_thread_start(check).build().unwrap().block_on(job());
    });
}

/// Only the calling thread.
pub(crate) fn become_user(user: u32) {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    rustix::thread::set_thread_groups(&[]).unwrap();
    rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
    rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, MachineError>) -> String {
    match result.unwrap_err() {
        MachineError::Denied { reason, .. } => reason,
        other => panic!("not denied: {other:?}"),
    }
}

pub(crate) fn message<T: std::fmt::Debug>(result: Result<T, MachineError>) -> String {
    match result.unwrap_err() {
        MachineError::Failed { message, .. } => message,
        other => panic!("not failed: {other:?}"),
    }
}

pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A mount for the time of a test.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn bind(source: &Path, target: &Path) -> Self {
        rustix::mount::mount_bind(source, target).unwrap();
        Self(target.to_path_buf())
    }

    pub(crate) fn file_system(kind: &str, target: &Path, options: &std::ffi::CStr) -> Self {
        rustix::mount::mount(kind, target, kind, rustix::mount::MountFlags::empty(), options).unwrap();
        Self(target.to_path_buf())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _unmounted = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

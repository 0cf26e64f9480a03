//! A runtime with its own cache, and a machine that exists in memory only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use hostwright_manifest::{Grants, Manifest};
use hostwright_runtime::host::{LogLine, PluginLog};
use hostwright_runtime::machine::{Content, Entry, Kind, Machine, MachineError, Output, Reply, Request};
use hostwright_runtime::{
    CacheOptions, Compiler, Host, Limits, LoadError, MemoryIndex, Options, Provider, Runtime,
};
use tokio::sync::Semaphore;

use crate::guests;

/// One host, and what its plugins said and did to its machine.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) machine: Arc<TestMachine>,
    pub(crate) host: Arc<Host>,
    pub(crate) index: Arc<MemoryIndex>,
    directory: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Compiler::InProcess, Limits::CEILINGS)
    }

    pub(crate) fn with_ceilings(ceilings: Limits) -> Self {
        Self::with(Compiler::InProcess, ceilings)
    }

    pub(crate) fn with(compiler: Compiler, ceilings: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let index = Arc::new(MemoryIndex::default());
        let cache = CacheOptions { directory: directory.path().join("cache"), index: index.clone() };
        let machine = Arc::new(TestMachine::new());
        Self {
            runtime: Runtime::new(Options { cache, compiler, ceilings }).unwrap(),
            host: Arc::new(Host { log: machine.clone(), ..Host::new(machine.clone()) }),
            machine,
            index,
            directory,
        }
    }

    /// Returns another runtime on the same cache, as after a restart.
    pub(crate) fn restarted(&self, compiler: Compiler) -> Runtime {
        let cache =
            CacheOptions { directory: self.directory.path().join("cache"), index: self.index.clone() };
        Runtime::new(Options { cache, compiler, ceilings: Limits::CEILINGS }).unwrap()
    }

    /// Loads a component with everything granted that it asks for.
    pub(crate) async fn load(&self, component: Bytes) -> Result<Arc<Provider>, LoadError> {
        let grants = asked(&component);
        self.runtime.load_provider(component, &grants, self.host.clone()).await
    }

    /// Returns the hostile guest, loaded.
    pub(crate) async fn hostile(&self) -> Arc<Provider> {
        self.load(guests::guest("hostile")).await.unwrap()
    }

    pub(crate) fn cache_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.path().join("cache")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// Returns what a component asks for; nothing if that cannot be told.
pub(crate) fn asked(component: &[u8]) -> Grants {
    hostwright_manifest::section::extract(component)
        .ok()
        .and_then(|text| Manifest::parse(&text).ok())
        .map(|manifest| manifest.asked())
        .unwrap_or_default()
}

/// Returns an error with all its causes, as a person would see it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Files in memory. `/etc/slow` can be read once a permit was added.
pub(crate) struct TestMachine {
    pub(crate) files: Mutex<BTreeMap<String, Bytes>>,
    pub(crate) programs: Mutex<Vec<String>>,
    pub(crate) lines: Mutex<Vec<String>>,
    pub(crate) slow: Semaphore,
    pub(crate) waiting: Semaphore,
}

impl TestMachine {
    fn new() -> Self {
        Self {
            files: Mutex::new(BTreeMap::from([("/etc/motd".to_owned(), Bytes::from_static(b"hello"))])),
            programs: Mutex::default(),
            lines: Mutex::default(),
            slow: Semaphore::new(0),
            waiting: Semaphore::new(0),
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn entry(&self, path: &str) -> Entry {
        let size = self.files.lock().unwrap().get(path).map(Bytes::len);
        let kind = if size.is_some() { Kind::Regular } else { Kind::Absent };
        let size = size.unwrap_or_default() as u64;
        Entry { kind, mode: 0o644, uid: 0, gid: 0, size, links: 1, digest: None, target: None }
    }
}

#[async_trait]
impl Machine for TestMachine {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        match request {
            Request::Stat { paths, .. } => {
                Ok(Reply::Stat(paths.iter().map(|path| Ok(self.entry(path))).collect()))
            }
            Request::Read { path, .. } => {
                if path == "/etc/slow" {
                    self.waiting.add_permits(1);
                    self.slow.acquire().await.unwrap().forget();
                    return Ok(Reply::Read(Bytes::from_static(b"at last")));
                }
                let found = self.files.lock().unwrap().get(&path).cloned();
                let missing = || MachineError::Failed { message: format!("{path} is not there"), run: None };
                found.map(Reply::Read).ok_or_else(missing)
            }
            Request::Replace { path, content: Content::Bytes(bytes), .. } => {
                self.files.lock().unwrap().insert(path, bytes);
                Ok(Reply::Done)
            }
            Request::Remove { path, .. } => {
                self.files.lock().unwrap().remove(&path);
                Ok(Reply::Done)
            }
            Request::Run(invocation) => {
                let line = format!(
                    "{} {} {:?} {:?}",
                    invocation.program,
                    invocation.arguments.join(" "),
                    invocation.effect,
                    invocation.name
                );
                self.programs.lock().unwrap().push(line);
                let (stdout, stderr) = (Bytes::from_static(b"ran"), Bytes::new());
                Ok(Reply::Ran(Output { status: 0, stdout, stderr, truncated: false }))
            }
            other => Err(MachineError::Unsupported(format!("{other:?}"))),
        }
    }
}

impl PluginLog for TestMachine {
    fn line(&self, LogLine { plugin, version, level, message }: LogLine<'_>) {
        self.lines.lock().unwrap().push(format!("{level:?} {plugin} {version}: {message}"));
    }
}

//! A machine that answers what it is told to and remembers what it was asked, for tests of the host functions.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hostwright_manifest::Grants;
use hostwright_manifest::grants::FilesGrant;
use zeroize::Zeroizing;

use crate::call::{Call, Mode};
use crate::host::{Blobs, DeliveredScripts, Host, LogLine, PluginLog, Secrets};
use crate::limits::Limits;
use crate::machine::{Machine, MachineError, Reply, Request};
use crate::plugin::{Context, Identity, Meter, Permits};

pub(crate) const BLOB: &str = "sha256:b10b";
pub(crate) const BLOB_FILE: &str = "/var/lib/hostwright/agent/blobs/b10b";
pub(crate) const DELIVERED: &str = "/opt/app/run.sh";

#[derive(Default)]
pub(crate) struct TestMachine {
    answers: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Request>>,
    lines: Mutex<Vec<String>>,
}

impl TestMachine {
    pub(crate) fn answers(&self, reply: Reply) {
        self.answers.lock().unwrap().push_back(reply);
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

#[async_trait]
impl Machine for TestMachine {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        self.asked.lock().unwrap().push(request);
        self.answers
            .lock()
            .unwrap()
            .pop_front()
            .ok_or_else(|| MachineError::Unsupported("no answer prepared".into()))
    }
}

impl PluginLog for TestMachine {
    fn line(&self, LogLine { plugin, version, level, message }: LogLine<'_>) {
        self.lines.lock().unwrap().push(format!("{level:?} {plugin} {version} {message}"));
    }
}

impl Blobs for TestMachine {
    fn path(&self, reference: &str) -> Option<PathBuf> {
        (reference == BLOB).then(|| BLOB_FILE.into())
    }
}

impl Secrets for TestMachine {
    fn reveal(&self, handle: &str) -> Option<Zeroizing<Vec<u8>>> {
        (handle == "h1").then(|| Zeroizing::new(b"hunter22".to_vec()))
    }
}

impl DeliveredScripts for TestMachine {
    fn digest(&self, path: &str) -> Option<[u8; 32]> {
        (path == DELIVERED).then_some([7; 32])
    }
}

pub(crate) fn grants(json: &str) -> Grants {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn context(grants: Grants, mode: Mode) -> (Context, Arc<TestMachine>) {
    context_with_limits(grants, mode, Limits::DEFAULT)
}

pub(crate) fn context_with_limits(grants: Grants, mode: Mode, limits: Limits) -> (Context, Arc<TestMachine>) {
    let machine = Arc::new(TestMachine::default());
    let host = Host {
        machine: machine.clone(),
        blobs: machine.clone(),
        secrets: machine.clone(),
        scripts: machine.clone(),
        log: machine.clone(),
    };
    let identity = Identity { plugin: "test/guest".into(), version: "1.0.0".into() };
    let call = Call { mode, ..Call::apply("task-7") };
    let context = Context::new(
        Arc::new(identity),
        Arc::new(Permits::new(grants.clone(), asking(grants))),
        Arc::new(host),
        Meter::start(limits),
        &call,
    );
    (context, machine)
}

/// A manifest that asks for these programs and everything else.
fn asking(Grants { exec, .. }: Grants) -> Grants {
    let everywhere = || vec!["/".to_owned()];
    let files = FilesGrant { read: everywhere(), write: everywhere() };
    Grants { files, exec, scripts: true, facts: true, log: true, reveal_secrets: true }
}

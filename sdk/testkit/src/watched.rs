//! Between plugin and machine: what was asked, and where it crashes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::{Machine, MachineError, Reply, Request};

/// Where a machine crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Before the n-th call (from 1) has any effect.
    Before(u64),
    /// After the n-th call had its effect and before it is answered.
    After(u64),
}

/// A machine that records what it is asked and crashes where a test says so.
pub struct Watched {
    machine: Arc<dyn Machine>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    calls: u64,
    crash: Option<Crash>,
    is_down: bool,
}

impl Watched {
    /// Watches a machine.
    pub fn new(machine: Arc<dyn Machine>) -> Self {
        Self { machine, state: Mutex::default() }
    }

    /// Lets it crash; calls are counted from now. Once it has crashed, every call fails until [`revive`](Self::revive).
    pub fn crash(&self, crash: Crash) {
        let mut state = self.state();
        state.calls = 0;
        state.crash = Some(crash);
    }

    /// Lets it work again and returns whether it had crashed.
    pub fn revive(&self) -> bool {
        let mut state = self.state();
        state.crash = None;
        std::mem::take(&mut state.is_down)
    }

    /// Returns what was asked since the last time.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and returns whether it is to be done and whether it is to be answered.
    fn admit(&self, request: &Request) -> (bool, bool) {
        let mut state = self.state();
        state.requests.push(request.clone());
        state.calls += 1;
        if state.is_down {
            return (false, false);
        }
        let call = state.calls;
        let (is_done, is_answered) = match state.crash {
            Some(Crash::Before(at)) if at == call => (false, false),
            Some(Crash::After(at)) if at == call => (true, false),
            _ => (true, true),
        };
        state.is_down = !is_answered;
        (is_done, is_answered)
    }
}

#[async_trait]
impl Machine for Watched {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        let (is_done, is_answered) = self.admit(&request);
        let crashed = || Err(MachineError::Interrupted("the machine crashed here".to_owned()));
        if !is_done {
            return crashed();
        }
        let reply = self.machine.call(request).await;
        if is_answered { reply } else { crashed() }
    }
}

/// Returns whether a request may change something.
pub(crate) fn changes(request: &Request) -> bool {
    match request {
        Request::Replace { .. }
        | Request::MakeDirectory { .. }
        | Request::SetMetadata { .. }
        | Request::Remove { .. }
        | Request::RunScript(_) => true,
        Request::Run(invocation) => invocation.effect == Effect::Change,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hostwright_runtime::machine::{Machine as _, Metadata, Request, Scope};

    use super::{Crash, Watched};
    use crate::FakeMachine;

    fn make(path: &str) -> Request {
        let scope = Scope { read: Vec::new(), write: vec!["/".to_owned()] };
        Request::MakeDirectory { scope, path: path.to_owned(), metadata: Metadata::default() }
    }

    #[tokio::test]
    async fn a_crash_comes_before_or_after_the_effect() {
        let fake = Arc::new(FakeMachine::new());
        let watched = Watched::new(fake.clone());
        watched.crash(Crash::Before(2));
        watched.call(make("/a")).await.unwrap();
        watched.call(make("/b")).await.unwrap_err();
        watched.call(make("/c")).await.unwrap_err();
        assert!(watched.revive());
        watched.crash(Crash::After(1));
        watched.call(make("/d")).await.unwrap_err();
        assert!(watched.revive());
        watched.call(make("/e")).await.unwrap();
        let made: Vec<String> =
            fake.tree().paths().filter(|path| path.len() == 2).map(str::to_owned).collect();
        assert_eq!(made, ["/a", "/d", "/e"]);
        assert_eq!(watched.take_requests().len(), 5);
    }
}

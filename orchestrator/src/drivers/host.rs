//! What drivers lean on here: nothing.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_runtime::Host;
use hostwright_runtime::machine::{Machine, MachineError, Reply, Request};

/// Refuses everything: what a driver may do on the orchestrator's own machine, nobody has granted.
struct NoMachine;

#[async_trait]
impl Machine for NoMachine {
    async fn call(&self, _: Request) -> Result<Reply, MachineError> {
        Err(MachineError::Denied {
            action: "to act on the orchestrator's machine".to_owned(),
            reason: "drivers have no machine here".to_owned(),
        })
    }
}

pub(super) fn without_machine() -> Arc<Host> {
    Arc::new(Host::new(Arc::new(NoMachine)))
}

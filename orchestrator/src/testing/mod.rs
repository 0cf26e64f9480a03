//! The world that tests are about: an orchestrator on a database of its own, and machines that do as they are told.

mod agent;
mod driver;
mod example;
mod system;

use std::future::Future;
use std::time::Duration;

pub(crate) use agent::ScriptedAgent;
pub(crate) use driver::{Manner, ManualDrivers};
pub(crate) use system::TestSystem;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something to become true.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut is_true: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(tokio::time::Instant::now() < deadline, "it never became true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

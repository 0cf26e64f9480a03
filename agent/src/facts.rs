//! What this machine is, reported when it changed.

use std::sync::Arc;

use hostwright_protocol::messages::{Facts, ToOrchestrator};
use hostwright_runtime::machine::{self, Machine, Reply, Request};
use tracing::{info, warn};

use crate::ledger::{self, Ledger};

/// Reports facts that changed.
#[derive(Clone)]
pub(crate) struct FactsReporter {
    ledger: Ledger,
    machine: Arc<dyn Machine>,
}

impl FactsReporter {
    /// Reports the facts of a machine.
    pub(crate) fn new(ledger: Ledger, machine: Arc<dyn Machine>) -> Self {
        Self { ledger, machine }
    }

    /// Looks at the facts and reports them if they are not the ones reported last.
    pub(crate) async fn report_if_changed(&self) -> Result<(), ledger::Error> {
        let Some(found) = read(&*self.machine).await else { return Ok(()) };
        let facts = as_properties(found);
        let mut tx = self.ledger.begin().await?;
        if tx.reported_facts().await?.as_ref() == Some(&facts) {
            return Ok(());
        }
        info!("facts of the machine changed; they are reported");
        tx.put_facts(&facts).await?;
        tx.report(&ToOrchestrator::Facts(facts)).await?;
        tx.commit().await
    }
}

/// Reads the facts of a machine; what cannot be read is logged.
pub(crate) async fn read(machine: &dyn Machine) -> Option<machine::Facts> {
    match machine.call(Request::Facts).await {
        Ok(Reply::Facts(facts)) => Some(facts),
        Ok(_) => None,
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "the facts of the machine cannot be read");
            None
        }
    }
}

fn as_properties(facts: machine::Facts) -> Facts {
    let machine::Facts { os, os_version, os_like, architecture, init, programs: _, owners: _, more } = facts;
    let mut properties = Facts::default().properties;
    let known = [
        ("os.id", os),
        ("os.version", os_version),
        ("os.like", os_like.join(" ")),
        ("architecture", architecture),
        ("init", init),
    ];
    for (name, value) in known.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(more) {
        if !value.is_empty() {
            properties.insert(name, value);
        }
    }
    Facts { properties }
}

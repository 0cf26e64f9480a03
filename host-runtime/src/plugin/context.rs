//! What host functions know of the call that they serve.

use std::sync::Arc;

use hostwright_manifest::Grants;

use super::meter::{HostCall, Meter};
use super::permits::Permits;
use crate::call::{Call, Limit, Mode};
use crate::capabilities::secrets::Revealed;
use crate::host::Host;
use crate::provider::ProviderError;

/// Whose call it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `publisher/name`.
    pub(crate) plugin: String,
    pub(crate) version: String,
}

/// The most that one call of a host function may name. A host with more files than this is looked at in several calls.
const MOST_IN_BATCH: usize = 1 << 16;

/// One call, seen from host functions.
pub(crate) struct Context {
    pub(crate) identity: Arc<Identity>,
    pub(crate) permits: Arc<Permits>,
    pub(crate) host: Arc<Host>,
    pub(crate) meter: Arc<Meter>,
    mode: Mode,
    run_name: Option<String>,
    runs: u32,
    /// Secret values that were revealed to programs or to the plugin in this call.
    pub(crate) revealed: Revealed,
}

impl Context {
    pub(crate) fn new(
        identity: Arc<Identity>,
        permits: Arc<Permits>,
        host: Arc<Host>,
        meter: Arc<Meter>,
        call: &Call,
    ) -> Self {
        let Call { mode, run_name, deadline: _ } = call.clone();
        Self { identity, permits, host, meter, mode, run_name, runs: 0, revealed: Revealed::default() }
    }

    /// Begins a host function: counts it, and stops the plugin's clock until the answer is dropped.
    pub(crate) fn host_call(&self) -> Result<HostCall, Limit> {
        self.meter.host_call()
    }

    /// Begins a host function that works on several things, each of which may cost the host more than it cost to name.
    pub(crate) fn host_call_on(&self, count: usize) -> Result<HostCall, Limit> {
        if count > MOST_IN_BATCH {
            return Err(self.meter.breached(Limit::Batch(MOST_IN_BATCH)));
        }
        self.meter.host_call()
    }

    /// Withholds what would change something in a plan. Asked after the grant, so that a plan tells both.
    pub(crate) fn may_change(&self, action: &str) -> Result<(), ProviderError> {
        match self.mode {
            Mode::Apply => Ok(()),
            Mode::Plan => Err(ProviderError::Denied {
                action: action.to_owned(),
                reason: "this is a dry run, and it would change the machine".to_owned(),
            }),
        }
    }

    /// Refuses for want of a grant, and says which would do.
    pub(crate) fn not_granted(
        &self,
        action: &str,
        addition: &str,
        is_asked: impl FnOnce(&Grants) -> bool,
    ) -> ProviderError {
        let Identity { plugin, .. } = &*self.identity;
        let reason = if is_asked(&self.permits.asked) {
            format!("no grant covers it; add {addition} to the grants of {plugin}")
        } else {
            format!(
                "no grant covers it, and the manifest of {plugin} does not ask for it; {addition} would be needed in both"
            )
        };
        ProviderError::Denied { action: action.to_owned(), reason }
    }

    /// Returns the name of the next program or script of this call that changes something.
    pub(crate) fn next_run_name(&mut self) -> Option<String> {
        let name = self.run_name.as_ref()?;
        self.runs += 1;
        Some(format!("{name}-{}", self.runs))
    }
}

//! What the machine is.
//!
//! ```no_run
//! use hostwright_sdk::host::facts;
//!
//! if !facts::get().owners {
//!     // Nobody but the one who runs the agent owns anything here.
//! }
//! ```

use crate::bindings::provider::hostwright::host::facts as wit;
use crate::types::Facts;

/// Returns the facts of the machine.
pub fn get() -> Facts {
    from_host(wit::get())
}

pub(crate) fn from_host(facts: wit::Facts) -> Facts {
    let wit::Facts { os, os_version, os_like, architecture, init, programs, owners, more } = facts;
    let more = more.into_iter().collect();
    Facts { os, os_version, os_like, architecture, init, programs, owners, more }
}

//! Secret values, for a plugin that must see them itself.
//!
//! Needs the grant `secrets: reveal`. Without it a handle is passed on as it is, and the host reveals it at the moment of
//! effect. Never put a revealed value into an observation, a difference, an error or the log.
//!
//! ```no_run
//! let password = hostwright_sdk::host::secrets::reveal("handle-from-the-attribute")?;
//! # let _ = password;
//! # Ok::<(), hostwright_sdk::Error>(())
//! ```

use super::error_from_host;
use crate::Error;
use crate::bindings::provider::hostwright::host::secrets as wit;

/// Returns the value behind a handle.
pub fn reveal(handle: &str) -> Result<Vec<u8>, Error> {
    wit::reveal(handle).map_err(error_from_host)
}

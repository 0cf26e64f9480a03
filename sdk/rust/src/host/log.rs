//! Lines in the host's log, under the name of the plugin. The amount is limited, and nothing secret belongs there.
//!
//! ```no_run
//! hostwright_sdk::host::log::info("nginx-light brings along nginx-common");
//! ```

use crate::bindings::provider::hostwright::host::log as wit;

/// For those who look for a fault.
pub fn debug(message: &str) {
    wit::log(wit::Level::Debug, message);
}

/// What an operator cares about.
pub fn info(message: &str) {
    wit::log(wit::Level::Info, message);
}

/// It goes on, but worse.
pub fn warn(message: &str) {
    wit::log(wit::Level::Warn, message);
}

/// A person must act.
pub fn error(message: &str) {
    wit::log(wit::Level::Error, message);
}

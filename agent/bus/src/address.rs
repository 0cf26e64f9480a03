//! From an address to a transport.

use std::sync::Arc;

use crate::AgentBus;

/// Returns an agent's end of the bus at an address such as `ws://127.0.0.1:7690/bus/v1` or
/// `amqp://user:password@127.0.0.1:5672/%2f`. Nothing is connected yet.
pub fn connect(address: &str) -> Result<Arc<dyn AgentBus>, InvalidAddress> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Err(InvalidAddress::NoScheme { address: address.to_owned() });
    };
    if rest.is_empty() {
        return Err(InvalidAddress::NoHost { address: address.to_owned() });
    }
    match scheme {
        #[cfg(feature = "websocket")]
        "ws" => Ok(Arc::new(crate::websocket::Client::new(address))),
        #[cfg(feature = "amqp")]
        "amqp" => Ok(Arc::new(crate::amqp::Agents::new(address, crate::amqp::Options::default()))),
        other => Err(InvalidAddress::UnknownScheme { scheme: other.to_owned(), known: KNOWN.join(", ") }),
    }
}

const KNOWN: &[&str] = &[
    #[cfg(feature = "websocket")]
    "ws",
    #[cfg(feature = "amqp")]
    "amqp",
];

/// Why an address leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It may not even be one.
    #[error("the bus address `{address}` has no scheme such as `ws://`")]
    NoScheme {
        /// As given.
        address: String,
    },
    /// A scheme only.
    #[error("the bus address `{address}` names no host")]
    NoHost {
        /// As given.
        address: String,
    },
    /// Something that this program was not built for.
    #[error("the bus address has the scheme `{scheme}`, known are {known}")]
    UnknownScheme {
        /// As given.
        scheme: String,
        /// Those that would do.
        known: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_decides_and_errors_name_it() {
        let error = |address: &str| connect(address).err().map(|error| error.to_string());
        #[cfg(feature = "websocket")]
        assert_eq!(error("ws://127.0.0.1:7690/bus/v1"), None);
        #[cfg(feature = "amqp")]
        assert_eq!(error("amqp://127.0.0.1:5672/%2f"), None);
        assert_eq!(error("ws://").as_deref(), Some("the bus address `ws://` names no host"));
        assert_eq!(
            error("localhost").as_deref(),
            Some("the bus address `localhost` has no scheme such as `ws://`")
        );
        #[cfg(all(feature = "websocket", feature = "amqp"))]
        assert_eq!(
            error("wss://example.org/").as_deref(),
            Some("the bus address has the scheme `wss`, known are ws, amqp")
        );
    }
}

//! A typed client of the orchestrator's REST API.
//!
//! [`Client::connect`] takes an address and a login. From there on the tree is walked by name:
//!
//! ```no_run
//! # async fn example() -> Result<(), hostwright_client::ClientError> {
//! use hostwright_client::{Client, Login, Options};
//!
//! let client = Client::connect(Options::new("http://127.0.0.1:7690/api", Login::password("admin", "secret")))?;
//! let host = client.organization("Demo").environment("prod").host("web1");
//! let installed = host.install("Web Server", [("http_port", 8080.into())]).await?;
//! host.wait_for_changes(&installed.changes, std::time::Duration::from_secs(60)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Map: [`Client`] sends and reads; [`Path`] encodes names; [`Collection`] and [`Entity`] are what every resource can do;
//! [`organization`] and [`host`] are the handles of the tree with what only they can do; [`waiting`] is patience with a limit;
//! [`events`] is the stream of what happens. Bodies that are written are plain JSON, so that what a person typed reaches the
//! server as it was typed; what is read is typed.
//!
//! Invariants: names never reach a URL unencoded; an error answer is always a [`ClientError::Refused`] with the server's own
//! words; waiting always ends.

pub mod events;
pub mod host;
pub mod organization;
pub mod waiting;

mod client;
mod collection;
mod error;
mod path;
mod written;

pub use client::{Client, Login, Options};
pub use collection::{Collection, Entity};
pub use error::ClientError;
pub use path::Path;
pub use written::{ChangeLink, Written};

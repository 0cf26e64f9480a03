//! A real Linux machine, or one directory of it that is treated as one.
//!
//! Paths are walked component by component by handle (`walk`), below a `root` that is held open. A link is followed
//! only where nobody but root could have put it; a confined directory of another user takes that user for root. What a
//! request may touch is its `territory`; what none may touch is on `guard` and in `pseudo`. One request among the
//! files is a `visit`; `read`, `replace` and `change` are what can be done on it. `programs` run apart.
//!
//! Invariants: no path is ever given to the kernel to follow. Only regular files are opened, and only for reading;
//! content changes by a new file that takes the old one's name. Nothing here decides what is granted.
//!
//! Limits: an access list that lets somebody write counts as a group that may write, and no access list is carried over
//! to a replaced file. Accounts are those of the machine's own files. A query is not kept from sockets in the file
//! system, nor from address families that network namespaces do not cover (such as `AF_VSOCK`); keeping it from
//! everything else needs root and Linux 5.12.

mod accounts;
mod addresses;
mod change;
mod facts;
mod guard;
mod look;
mod machine;
mod obstacle;
mod programs;
mod pseudo;
mod read;
mod replace;
mod root;
mod stamp;
mod territory;
mod visit;
mod walk;

pub use machine::{LocalMachine, LocalOptions};
pub use programs::{QueryIsolation, RunState, Supervisor, supervise_main};
pub use stamp::Stamp;

//! Real Debian hosts on this machine: a shared tree below, systemd in namespaces of its own above.
//!
//! A [`base::Base`] is made once; a [`host::Host`] is an overlay over it, booted by systemd-nspawn in a network namespace
//! without any route. [`relay`] carries chosen connections across, [`repository`] is the only source of packages.
//! An [`orchestrator`] runs beside them as a process; [`managed`] puts an agent into a host. Hosts need root.

pub mod base;
pub mod host;
pub mod janitor;
pub mod managed;
pub mod namespace;
pub mod orchestrator;
pub mod relay;
pub mod repository;

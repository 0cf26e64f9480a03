//! The orchestrator: holds the desired state of hosts and sees it carried out.
//!
//! [`config`] says how it runs, [`lifecycle`] starts and ends it; [`app`] is what everything hangs on. [`operations`] are
//! what people can do, and the place to begin reading. [`agents`] takes what machines say, [`jobs`] does what nobody has to
//! ask for; its outbox relay is the only thing that sends commands. [`registry`] knows plugins, [`drivers`] runs those that
//! make machines. [`first_start`] is what happens once.
//!
//! Invariants: nothing is sent before it is committed; what reaches a host was compiled while its row was locked; the
//! clock, the environment and the console each have one file here.

mod access;
pub mod agents;
pub mod api;
pub mod app;
pub mod config;
pub mod drivers;
pub mod first_start;
pub mod jobs;
pub mod keys;
pub mod lifecycle;
pub mod operations;
pub mod passwords;
pub mod registry;
pub mod router;
pub mod serve;
pub mod telemetry;

#[cfg(test)]
mod testing;

//! A machine, an orchestrator's hand and several lives of one agent, for tests in this crate.

mod provider;
mod world;

pub(crate) use provider::FakeProvider;
pub(crate) use world::{World, apply, change, eventually, file, perform, reference, remove};

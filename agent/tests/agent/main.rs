#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]
#![expect(clippy::disallowed_methods, reason = "tests stand outside the agent: their clock is the machine's")]
//! A whole agent over a confined directory, with a real component, and an orchestrator that does as the test says.

mod component;
mod orchestrator;
mod scenarios;
mod world;

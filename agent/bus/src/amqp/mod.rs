//! AMQP 0-9-1 against RabbitMQ: the broker keeps frames while either end is away.
//!
//! Each agent has a durable queue of its own with one exclusive consumer. Agents publish to one topic exchange under a
//! routing key that names them, so that a broker can be told who may use which; behind it are the queue of reports and
//! the queue of enrolments. Everything is persistent, confirmed to the publisher, acknowledged by hand, and bounded: a full
//! queue refuses, and the publisher waits.
//!
//! A broker does not tell who is connected. Agents announce themselves; their going is not noticed.
//!
//! The newest session wins: it deletes the agent's queue, which ends the consumer of the older one, and declares it anew.
//! What was in it is still in the orchestrator's backlog.

mod agent;
mod broker;
mod names;
mod options;
mod orchestrator;
mod settle;

pub use agent::Agents;
pub use options::Options;
pub use orchestrator::Orchestrator;

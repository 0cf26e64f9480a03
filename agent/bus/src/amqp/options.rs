//! What both ends may be told.

use std::time::Duration;

use crate::backoff::Backoff;

/// How to use a broker. The bounds of queues are those of whoever declares them first.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Unacknowledged frames at one consumer.
    pub prefetch: u16,
    /// Bytes in the queue of one agent.
    pub agent_queue_bytes: u32,
    /// Bytes in the queue of reports.
    pub report_queue_bytes: u32,
    /// How long a publisher waits for room.
    pub patience: Duration,
    /// After how long a frame that was not stored is delivered again.
    pub redelivery_pause: Duration,
    /// How long connecting, declaring and the answer to an enrolment may take.
    pub connect_timeout: Duration,
    /// The orchestrator's pauses between attempts to connect.
    pub backoff: Backoff,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefetch: 16,
            agent_queue_bytes: 64 * 1024 * 1024,
            report_queue_bytes: 1024 * 1024 * 1024,
            patience: Duration::from_mins(1),
            redelivery_pause: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(20),
            backoff: Backoff::default(),
        }
    }
}

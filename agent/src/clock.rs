//! The machine's clock and the making of ids; nothing else in the agent reads either.

use std::sync::Mutex;

use chrono::{DateTime, SubsecRound, Utc};
use tokio::time::Instant;
use uuid::Uuid;

/// Returns the machine's time in microseconds. Times to judge expiry by come from [`BusTime`].
pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = Utc::now();
    now.trunc_subsecs(6)
}

/// Returns a new id.
pub(crate) fn new_id() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "ids are made here")]
    Uuid::now_v7()
}

/// The highest time seen in verified messages, carried on by the monotonic clock.
///
/// The machine's own clock may be years off; what the orchestrator signs is not.
#[derive(Debug, Default)]
pub(crate) struct BusTime {
    seen: Mutex<Option<(DateTime<Utc>, Instant)>>,
}

impl BusTime {
    /// Begins with what the ledger remembers, if it remembers anything.
    pub(crate) fn new(remembered: Option<DateTime<Utc>>) -> Self {
        Self { seen: Mutex::new(remembered.map(|time| (time, Instant::now()))) }
    }

    /// Takes the time of a verified message into account; it never goes back.
    pub(crate) fn saw(&self, time: DateTime<Utc>) {
        let now = self.now();
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.is_none_or(|now| time > now) {
            *seen = Some((time, Instant::now()));
        }
    }

    /// Returns the bus time, or nothing before the first verified message.
    pub(crate) fn now(&self) -> Option<DateTime<Utc>> {
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.map(|(time, at)| time + at.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bus_time_goes_on_and_never_back() {
        let start = now();
        let bus_time = BusTime::new(Some(start));
        tokio::time::advance(std::time::Duration::from_secs(10)).await;
        bus_time.saw(start);
        assert_eq!(bus_time.now(), Some(start + chrono::TimeDelta::seconds(10)));
        let later = start + chrono::TimeDelta::days(1);
        bus_time.saw(later);
        assert_eq!(bus_time.now(), Some(later));
    }
}

//! The one place of the orchestrator that knows what time it is.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time. Handed to whoever needs it, so that tests can hold it still.
pub trait Clock: Send + Sync {
    /// Returns the time, in whole microseconds.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
///
/// It is cut to microseconds, because PostgreSQL keeps no more and what was stored must equal what is read back.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
    fn now(&self) -> DateTime<Utc> {
        in_microseconds(Utc::now())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    /// Stops the clock at this time.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(Mutex::new(in_microseconds(time)))
    }

    /// Moves the clock.
    pub fn advance(&self, by: TimeDelta) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time = in_microseconds(*time + by);
    }
}

impl Default for TestClock {
    /// Stands at 2026-01-01T12:00:00Z.
    fn default() -> Self {
        Self::at(DateTime::from_timestamp_nanos(1_767_268_800_000_000_000))
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_microseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
        let clock = TestClock::at(DateTime::from_timestamp_nanos(1_234));
        assert_eq!(clock.now().timestamp_subsec_nanos(), 1_000);
    }

    #[test]
    fn a_test_clock_moves_only_when_told() {
        let clock = TestClock::default();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(TimeDelta::seconds(5));
        assert_eq!(clock.now() - before, TimeDelta::seconds(5));
        assert_eq!(before.to_rfc3339(), "2026-01-01T12:00:00+00:00");
    }
}

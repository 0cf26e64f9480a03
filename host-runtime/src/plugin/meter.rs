//! Counts what one call uses, and remembers the first limit that it went beyond.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::call::Limit;
use crate::limits::Limits;

/// What one call has used so far. Shared by everything that takes part in it.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    started: Instant,
    host: Mutex<HostTime>,
    host_calls: AtomicU64,
    log_bytes: AtomicU64,
    memory: AtomicU64,
    peak_memory: AtomicU64,
    breach: OnceLock<Limit>,
}

/// Time that passed in host functions, which is not the plugin's.
#[derive(Debug, Default)]
struct HostTime {
    ended: Duration,
    since: Option<Instant>,
}

/// While this lives, a host function is at work.
pub(crate) struct HostCall(Arc<Meter>);

impl Meter {
    pub(crate) fn start(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            started: Instant::now(),
            host: Mutex::default(),
            host_calls: AtomicU64::new(0),
            log_bytes: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            breach: OnceLock::new(),
        })
    }

    /// Counts a call of a host function and stops the plugin's clock until the answer is dropped.
    pub(crate) fn host_call(self: &Arc<Self>) -> Result<HostCall, Limit> {
        let maximum = self.limits.host_calls;
        if self.host_calls.fetch_add(1, Ordering::AcqRel) >= maximum {
            return Err(self.breached(Limit::HostCalls(maximum)));
        }
        self.host_time().since = Some(Instant::now());
        Ok(HostCall(self.clone()))
    }

    /// Counts what is written to the log.
    pub(crate) fn logged(&self, bytes: usize) -> Result<(), Limit> {
        let maximum = self.limits.log_bytes;
        let before = self.log_bytes.fetch_add(bytes as u64, Ordering::AcqRel);
        if before.saturating_add(bytes as u64) > maximum {
            return Err(self.breached(Limit::Log(maximum)));
        }
        Ok(())
    }

    /// Takes note of memory that is to grow; false where it may not.
    ///
    /// A refusal is no breach yet: the plugin may do without. It is one if the plugin breaks down.
    pub(crate) fn memory_grows(&self, current: u64, desired: u64) -> bool {
        let total = self.memory.load(Ordering::Acquire).saturating_sub(current).saturating_add(desired);
        if total > self.limits.memory_bytes {
            self.breached(Limit::Memory(self.limits.memory_bytes));
            return false;
        }
        self.memory.store(total, Ordering::Release);
        self.peak_memory.fetch_max(total, Ordering::AcqRel);
        true
    }

    /// Remembers a limit, unless another was met before.
    pub(crate) fn breached(&self, limit: Limit) -> Limit {
        *self.breach.get_or_init(|| limit)
    }

    /// Returns the first limit that was met.
    pub(crate) fn breach(&self) -> Option<Limit> {
        self.breach.get().copied()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the plugin's own time: that which passed outside host functions.
    pub(crate) fn own_time(&self) -> Duration {
        let host = self.host_time();
        let running = host.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.started.elapsed().saturating_sub(host.ended + running)
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.load(Ordering::Acquire).min(self.limits.host_calls)
    }

    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Acquire)
    }

    fn host_time(&self) -> std::sync::MutexGuard<'_, HostTime> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        let mut host = self.0.host_time();
        if let Some(since) = host.since.take() {
            host.ended += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_calls_beyond_the_limit_are_a_breach() {
        let meter = Meter::start(Limits { host_calls: 2, ..Limits::DEFAULT });
        for _ in 0..2 {
            assert!(meter.host_call().is_ok());
        }
        assert!(matches!(meter.host_call(), Err(Limit::HostCalls(2))));
        assert_eq!((meter.breach(), meter.host_calls()), (Some(Limit::HostCalls(2)), 2));
    }

    #[test]
    fn memories_count_together() {
        let meter = Meter::start(Limits { memory_bytes: 100, ..Limits::DEFAULT });
        assert!(meter.memory_grows(0, 60) && meter.memory_grows(0, 40));
        assert!(!meter.memory_grows(40, 41));
        assert_eq!(meter.peak_memory(), 100);
    }

    #[test]
    fn the_first_breach_is_the_one_told() {
        let meter = Meter::start(Limits { log_bytes: 3, ..Limits::DEFAULT });
        assert!(meter.logged(3).is_ok());
        assert_eq!(meter.logged(1), Err(Limit::Log(3)));
        assert_eq!(meter.breached(Limit::Tables(1)), Limit::Log(3));
    }

    #[test]
    fn time_in_host_functions_is_not_the_plugins() {
        let meter = Meter::start(Limits::DEFAULT);
        let in_host = meter.host_call().unwrap();
        let before = meter.own_time();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        assert!(meter.own_time() < before + Duration::from_millis(15), "{:?}", meter.own_time());
        drop(in_host);
        assert!(meter.elapsed() >= Duration::from_millis(20));
    }
}

//! The clock of running plugins.
//!
//! Each tick lets a running plugin yield, so that its time can be judged and others get their turn. The thread sleeps for
//! good while nothing runs: an idle agent wakes for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

const TICK: Duration = Duration::from_millis(10);

/// The thread that ticks. It ends with this value.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    stop: AtomicBool,
    ticks: AtomicU64,
}

/// While one of these lives, the clock ticks.
#[derive(Debug)]
pub(crate) struct Running {
    shared: Arc<Shared>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let engine = engine.weak();
        let handle = thread::Builder::new()
            .name("plugin-clock".to_owned())
            .spawn(move || tick(&of_thread, &engine))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Keeps the clock ticking for as long as the answer lives.
    pub(crate) fn run(&self) -> Running {
        if self.shared.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.thread.unpark();
        }
        Running { shared: self.shared.clone() }
    }

    #[cfg(test)]
    fn ticks(&self) -> u64 {
        self.shared.ticks.load(Ordering::Acquire)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::AcqRel);
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    while !shared.stop.load(Ordering::Acquire) {
        if shared.running.load(Ordering::Acquire) == 0 {
            thread::park();
            continue;
        }
        thread::sleep(TICK);
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        shared.ticks.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(10), "{what}: not within 10 s");
            thread::yield_now();
        }
    }

    #[test]
    fn the_clock_ticks_only_while_something_runs() {
        let engine = super::super::engine().unwrap();
        let ticker = Ticker::start(&engine).unwrap();
        assert_eq!(ticker.ticks(), 0);
        let running = ticker.run();
        eventually("it ticks", || ticker.ticks() > 2);
        drop(running);
        // One tick may still be under way; then none follows.
        let mut last = ticker.ticks();
        let mut since = Instant::now();
        eventually("it stands still for five ticks", || {
            let ticks = ticker.ticks();
            if ticks != last {
                (last, since) = (ticks, Instant::now());
            }
            since.elapsed() > TICK * 5
        });
        assert!(last < 1000, "it went on ticking");
    }
}

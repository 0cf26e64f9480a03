//! What an agent costs by being there.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hostwright_tests::Programs;

use crate::figure::{Figure, number};
use crate::managed::Managed;
use crate::process::{Memory, Switches, mapped_files, memory};

/// MiB with ten plugins in memory, and with none.
const LOADED_MIB: f64 = 12.0;
const EVICTED_MIB: f64 = 8.0;
const WAKE_UPS_A_SECOND: f64 = 1.0;
/// A plugin that is not called for so long leaves the memory.
const IDLE: Duration = Duration::from_secs(30);
/// Longer than the pulse of the connection.
const REST: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_mins(3);

/// Memory with all plugins and with none, and wake-ups within a time.
///
/// The agent is left alone and looked at from outside: whoever asks it something has it work.
pub(crate) async fn measure(programs: Programs, time: Duration) -> Result<Vec<Figure>> {
    let configuration = format!("[plugins]\nidle_seconds = {}", IDLE.as_secs());
    let managed = Managed::start(programs, 10, &configuration).await?;
    let pid = managed.pid()?;
    let (mut count, mut loaded) = (0, memory(pid)?);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match mapped_files(pid, ".cwasm")? {
            0 => break,
            // The last moment before they go: they have done nothing for the longest time.
            mapped if mapped >= count => (count, loaded) = (mapped, memory(pid)?),
            _ => {}
        }
        thread::sleep(Duration::from_millis(500));
    }
    thread::sleep(REST);
    ensure!(mapped_files(pid, ".cwasm")? == 0, "plugins that nobody called are still in memory");
    let evicted = memory(pid)?;
    Ok(vec![
        of_memory(&format!("memory of an idle agent (PSS), {count} plugins loaded"), loaded, LOADED_MIB),
        of_memory("memory of an idle agent (PSS), plugins evicted", evicted, EVICTED_MIB),
        wake_ups(&managed, time)?,
    ])
}

fn of_memory(name: &str, memory: Memory, most: f64) -> Figure {
    let mib = |kib: u64| number(kib) / 1024.0;
    let (share, anonymous) = (mib(memory.share), mib(memory.anonymous));
    Figure::gated(name, format!("{share:.1} MiB, of which {anonymous:.1} anonymous"), share, most)
}

/// Counts how often threads of an idle agent were put aside.
fn wake_ups(managed: &Managed, time: Duration) -> Result<Figure> {
    let pid = managed.pid()?;
    let before = Switches::of(pid)?;
    thread::sleep(time);
    let count = Switches::of(pid)?.since(&before);
    let a_second = number(count) / time.as_secs_f64();
    let measured = format!("{a_second:.2} a second ({count} in {} s)", time.as_secs());
    Ok(Figure::gated("wake-ups of an idle agent", measured, a_second, WAKE_UPS_A_SECOND))
}

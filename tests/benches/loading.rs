//! What it takes until a plugin can answer.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use hostwright_manifest::Kind;
use hostwright_runtime::Call;

use crate::figure::{Figure, Times, shown};
use crate::plugins::{Shipped, event_loop, machine, runtime};

const COLD_ROUNDS: usize = 3;
const ROUNDS: usize = 50;
const CALLS: usize = 1_000;

/// Loads every shipped provider: compiled by the helper, from the cache, after it was evicted; then calls it.
pub(crate) fn measure(compiler: &Path) -> Result<Vec<Figure>> {
    let directory = tempfile::tempdir()?;
    let event_loop = event_loop()?;
    let machine = machine(directory.path())?;
    let mut figures = Vec::new();
    let is_provider = |shipped: &Shipped| matches!(shipped.manifest.kind, Kind::Provider { .. });
    for shipped in Shipped::all()?.into_iter().filter(is_provider) {
        let mut cold = Times::default();
        for round in 0..COLD_ROUNDS {
            let cache = directory.path().join(format!("{}-{round}", shipped.name().replace('/', "-")));
            let runtime = runtime(compiler, &cache)?;
            let begun = Instant::now();
            event_loop.block_on(shipped.load(&runtime, machine.clone()))?;
            cold.push(begun.elapsed());
        }
        let runtime = runtime(compiler, &directory.path().join("kept"))?;
        let provider = event_loop.block_on(shipped.load(&runtime, machine.clone()))?;
        let (mut cached, mut evicted, mut called) = (Times::default(), Times::default(), Times::default());
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            event_loop.block_on(shipped.load(&runtime, machine.clone()))?;
            cached.push(begun.elapsed());

            provider.evict();
            let begun = Instant::now();
            event_loop.block_on(provider.watches(&Call::plan(), &[]))?;
            evicted.push(begun.elapsed());
        }
        for _ in 0..CALLS {
            let begun = Instant::now();
            event_loop.block_on(provider.watches(&Call::plan(), &[]))?;
            called.push(begun.elapsed());
        }
        let measured = format!(
            "compiled apart {}; proven from the cache {}; evicted and called {}; instance and call {}",
            shown(cold.median()),
            shown(cached.median()),
            shown(evicted.median()),
            shown(called.median())
        );
        figures.push(Figure::told(format!("load {}", shipped.name()), measured));
    }
    Ok(figures)
}

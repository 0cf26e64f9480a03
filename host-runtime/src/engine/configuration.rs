//! The configuration that every program of ours shares; code made under another does not load.

use wasmtime::{Config, Engine, InstanceAllocationStrategy};

/// Names the configuration below and the wasmtime that reads it. Part of the key of everything that is cached: change it
/// with the function.
pub(crate) const FINGERPRINT: &str =
    concat!("wasmtime 48.0.8; on-demand, epochs, no concurrency, no address map, speed; ", "1");

/// An engine made by [`engine`].
pub(crate) type Configured = Engine;

/// Returns the engine.
pub(crate) fn engine() -> wasmtime::Result<Configured> {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .epoch_interruption(true)
        .concurrency_support(false)
        .generate_address_map(false);
    // The only setting that a host without a compiler does not have; it may differ.
    #[cfg(feature = "compiler")]
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    Engine::new(&config)
}

//! How much one call of a plugin may use.

use std::time::Duration;

use hostwright_manifest::manifest::AskedLimits;

/// Limits of one call. What a manifest asks for is bounded above by the host's ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The plugin's own computing and waiting; the time of host functions is not counted.
    pub call: Duration,
    /// All linear memories together, in bytes.
    pub memory_bytes: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// What the plugin returns, or passes to one host function, in bytes as the host holds them.
    pub output_bytes: u64,
    /// What the plugin writes to the log, standard output and standard error included.
    pub log_bytes: u64,
    /// Compiling the plugin when it is loaded.
    pub compile: Duration,
}

impl Limits {
    /// What a plugin gets that asks for nothing.
    pub const DEFAULT: Self = Self {
        call: Duration::from_secs(10),
        memory_bytes: 64 << 20,
        host_calls: 100_000,
        output_bytes: 32 << 20,
        log_bytes: 64 << 10,
        compile: Duration::from_mins(2),
    };

    /// The most that a plugin gets unless the host says otherwise.
    pub const CEILINGS: Self = Self {
        call: Duration::from_mins(2),
        memory_bytes: 512 << 20,
        host_calls: 2_000_000,
        output_bytes: 128 << 20,
        log_bytes: 1 << 20,
        compile: Duration::from_mins(5),
    };

    /// Returns what a plugin gets that asks so, where the host's ceilings are these.
    pub fn granted(asked: &AskedLimits, ceilings: &Self) -> Self {
        let default = Self::DEFAULT;
        let asked_call = asked.call_ms.map_or(default.call, Duration::from_millis);
        let asked_memory = asked.memory_mib.map_or(default.memory_bytes, |mib| mib.saturating_mul(1 << 20));
        Self {
            call: asked_call.min(ceilings.call),
            memory_bytes: asked_memory.min(ceilings.memory_bytes),
            host_calls: asked.host_calls.unwrap_or(default.host_calls).min(ceilings.host_calls),
            output_bytes: asked.output_bytes.unwrap_or(default.output_bytes).min(ceilings.output_bytes),
            log_bytes: asked.log_bytes.unwrap_or(default.log_bytes).min(ceilings.log_bytes),
            compile: ceilings.compile,
        }
    }
}

impl Default for Limits {
    /// Returns the ceilings of an ordinary host.
    fn default() -> Self {
        Self::CEILINGS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_asks_for_is_bounded_by_the_ceilings() {
        let asked =
            AskedLimits { call_ms: Some(u64::MAX), memory_mib: Some(u64::MAX), ..AskedLimits::default() };
        let limits = Limits::granted(&asked, &Limits::CEILINGS);
        assert_eq!(limits.call, Limits::CEILINGS.call);
        assert_eq!(limits.memory_bytes, Limits::CEILINGS.memory_bytes);
        assert_eq!(limits.log_bytes, Limits::DEFAULT.log_bytes);
    }

    #[test]
    fn a_low_ceiling_also_bounds_what_is_given_unasked() {
        let ceilings = Limits { host_calls: 5, ..Limits::CEILINGS };
        assert_eq!(Limits::granted(&AskedLimits::default(), &ceilings).host_calls, 5);
    }
}

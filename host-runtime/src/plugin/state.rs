//! What lives as long as one call's instance.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::context::Context;
use super::limiter::Limiter;
use super::stdio::{LastWords, Lines};
use crate::host::LogLevel;

/// Streams, pollables and the like that a plugin may hold at once.
const HANDLES: usize = 10_000;

/// Of one request for random bytes.
const RANDOM_BYTES: u64 = 1 << 20;

/// What lives as long as one call's instance.
pub(crate) struct CallState {
    pub(crate) context: Context,
    pub(super) limiter: Limiter,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// Returns the state and what will hold the end of what the plugin writes to its standard error.
    pub(super) fn new(context: Context) -> (Self, Arc<LastWords>) {
        let last_words = Arc::new(LastWords::default());
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let state = Self {
            limiter: Limiter::new(context.meter.clone()),
            wasi: powerless(&context, &last_words),
            table,
            context,
        };
        (state, last_words)
    }
}

/// WASI as language runtimes need it to start: no arguments, no environment, no file system, no network. Standard output
/// and standard error go to the log.
fn powerless(context: &Context, last_words: &Arc<LastWords>) -> WasiCtx {
    let lines = |level, heard| {
        Lines::new(context.identity.clone(), context.host.log.clone(), context.meter.clone(), level, heard)
    };
    WasiCtxBuilder::new()
        .stdout(lines(LogLevel::Debug, None))
        .stderr(lines(LogLevel::Warn, Some(last_words.clone())))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM_BYTES)
        .build()
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

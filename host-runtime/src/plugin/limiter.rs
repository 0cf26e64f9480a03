//! Bounds what one call's instances may hold.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::meter::Meter;
use crate::call::Limit;

/// Components of language runtimes have dozens of core instances.
const INSTANCES: usize = 500;
const TABLES: usize = 500;
const MEMORIES: usize = 32;

/// Entries of all tables together; a pointer each in the host.
const TABLE_ENTRIES: u64 = 2_000_000;

pub(super) struct Limiter {
    meter: Arc<Meter>,
    table_entries: u64,
}

impl Limiter {
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, table_entries: 0 }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.meter.memory_grows(current as u64, desired as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_entries.saturating_sub(current as u64).saturating_add(desired as u64);
        if total > TABLE_ENTRIES {
            self.meter.breached(Limit::Tables(TABLE_ENTRIES));
            return Ok(false);
        }
        self.table_entries = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

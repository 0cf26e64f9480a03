//! Gives a component what it may import.

use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use super::bindings::provider::hostwright::host;
use crate::api::http;
use crate::plugin::CallState;

/// Links a component that was found to import nothing but our interfaces, as granted, and the powerless parts of WASI.
pub(super) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<InstancePre<CallState>> {
    let mut linker = Linker::<CallState>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    host::files::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::accounts::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::exec::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::scripts::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::facts::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::log::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    host::secrets::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    http::refuse(&mut linker, engine, component)?;
    linker.instantiate_pre(component)
}

//! `wasi:http`, for components that import it because their language's runtime does. Calling it breaks the call.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, Result, format_err};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::plugin::CallState;

const PACKAGE: &str = "wasi:http/";

/// Stands for all resources of `wasi:http`; there are none.
struct Nothing;

/// Links what a component imports of `wasi:http`, whatever its version, to functions that break the call.
pub(super) fn refuse(linker: &mut Linker<CallState>, engine: &Engine, component: &Component) -> Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = &import.ty else { continue };
        if !name.starts_with(PACKAGE) {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (item, export) in interface.exports(engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{name}#{item}");
                    instance.func_new(item, move |_, _, _, _| {
                        Err(format_err!("`{function}` is not granted: this host gives plugins no HTTP"))
                    })?;
                }
                ComponentItem::Resource(_) => resource(&mut instance, item)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Interfaces of `wasi:http` name resources of `wasi:io` again, which must then be the same ones.
fn resource(instance: &mut LinkerInstance<'_, CallState>, name: &str) -> Result<()> {
    let ty = match name {
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "pollable" => ResourceType::host::<DynPollable>(),
        "io-error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<Nothing>(),
    };
    instance.resource(name, ty, |_, _| Ok(()))
}

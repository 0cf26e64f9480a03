//! Reads a component without running or compiling it.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::{BinaryReaderError, Parser, Payload, Validator};

/// One import of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// e.g. `hostwright:host/files@0.1.0`.
    pub(super) name: String,
    /// Whether anything can be called through it. An interface that lends nothing but types gives no power.
    pub(super) callable: bool,
}

/// Checks that the bytes are one valid component, and returns what it imports.
pub(super) fn imports(component: &[u8]) -> Result<Vec<Import>, BinaryReaderError> {
    let types = Validator::new().validate_all(component)?;
    let mut depth = 0_usize;
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let name = import?.name.name.to_owned();
                    let callable = match types.component_item_for_import(&name).map(|item| &item.ty) {
                        Some(ComponentEntityType::Instance(id)) => types[*id]
                            .exports
                            .values()
                            .any(|export| !matches!(export.ty, ComponentEntityType::Type { .. })),
                        Some(ComponentEntityType::Type { .. }) => false,
                        _ => true,
                    };
                    imports.push(Import { name, callable });
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0\x07\xff", b"#!/bin/sh\n"] {
            assert!(imports(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn an_empty_component_imports_nothing() {
        assert_eq!(imports(b"\0asm\x0d\0\x01\0").unwrap(), []);
    }
}

//! The manifest inside the component: one custom section, so that a plugin is one file.

use std::ops::Range;

use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{Parser, Payload};

/// Name of the custom section that holds the manifest.
pub const NAME: &str = "hostwright:manifest";

/// A manifest is a page of text; more is refused unread.
pub const MAXIMUM_BYTES: usize = 64 << 10;

/// Returns the component with this manifest in it, in place of any that was there.
pub fn embed(component: &[u8], manifest: &str) -> Result<Vec<u8>, SectionError> {
    if manifest.len() > MAXIMUM_BYTES {
        return Err(SectionError::TooLong { bytes: manifest.len() });
    }
    let mut kept = Vec::with_capacity(component.len() + manifest.len() + 32);
    let mut position = 0;
    for section in sections(component)? {
        kept.extend_from_slice(&component[position..section.whole.start]);
        position = section.whole.end;
    }
    kept.extend_from_slice(&component[position..]);
    CustomSection { name: NAME.into(), data: manifest.as_bytes().into() }.append_to_component(&mut kept);
    Ok(kept)
}

/// Returns the manifest of a component, which has exactly one.
pub fn extract(component: &[u8]) -> Result<String, SectionError> {
    let sections = sections(component)?;
    let section = match sections.as_slice() {
        [] => return Err(SectionError::Missing),
        [section] => section,
        several => return Err(SectionError::Several { count: several.len() }),
    };
    let data = &component[section.data.clone()];
    if data.len() > MAXIMUM_BYTES {
        return Err(SectionError::TooLong { bytes: data.len() });
    }
    String::from_utf8(data.to_vec()).map_err(|_| SectionError::NotText)
}

/// A section of ours in a component's bytes.
struct Section {
    /// With its header.
    whole: Range<usize>,
    /// Its content.
    data: Range<usize>,
}

/// Finds our sections wherever they are: one that hides in a nested module or component counts too, so that no tool
/// that reads the file otherwise sees another manifest than the host does.
fn sections(bytes: &[u8]) -> Result<Vec<Section>, SectionError> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut offset = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match &payload {
            Payload::Version { encoding, .. }
                if depth == 0 && *encoding != wasmparser::Encoding::Component =>
            {
                return Err(SectionError::NotAComponent);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom) if custom.name() == NAME => {
                if depth > 0 {
                    return Err(SectionError::Nested);
                }
                let start = within(custom.data_offset());
                let data = start..start + custom.data().len();
                found.push(Section { whole: offset..data.end, data });
            }
            _ => {}
        }
        offset = end_of(&payload).unwrap_or(offset);
    }
    Ok(found)
}

/// Where the next section's header begins.
fn end_of(payload: &Payload<'_>) -> Option<usize> {
    match payload {
        Payload::Version { range, .. } => Some(within(range.end)),
        Payload::End(offset) => Some(within(*offset)),
        // A nested module's own sections follow; the header of the next section of ours comes after its end.
        Payload::ModuleSection { unchecked_range, .. }
        | Payload::ComponentSection { unchecked_range, .. } => Some(within(unchecked_range.start)),
        other => other.as_section().map(|(_, range)| within(range.end)),
    }
}

/// Offsets lie within a slice, so that they fit.
fn within(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn malformed(source: wasmparser::BinaryReaderError) -> SectionError {
    SectionError::Malformed { offset: source.offset(), source }
}

/// Why a component's manifest cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    /// The bytes are no WebAssembly.
    #[error("the file is not WebAssembly at byte {offset}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What the parser says.
        #[source]
        source: wasmparser::BinaryReaderError,
    },
    /// A core module.
    #[error("the file is a core module, not a component: build it for `wasm32-wasip2`")]
    NotAComponent,
    /// There is none.
    #[error("the component has no section `{NAME}`: embed its plugin.toml in it")]
    Missing,
    /// There is more than one.
    #[error("the component has {count} sections `{NAME}`, but exactly one is allowed")]
    Several {
        /// How many.
        count: usize,
    },
    /// One lies within a nested module or component.
    #[error("the component has a section `{NAME}` inside a nested module, where none is allowed")]
    Nested,
    /// Longer than a manifest may be.
    #[error("the manifest has {bytes} bytes, more than the {MAXIMUM_BYTES} allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the section `{NAME}` is not UTF-8 text")]
    NotText,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wasm_encoder::Component;

    use super::*;

    fn empty() -> Vec<u8> {
        Component::new().finish()
    }

    fn with_sections(contents: &[&[u8]]) -> Vec<u8> {
        let mut component = Component::new();
        for content in contents {
            component.section(&CustomSection { name: NAME.into(), data: (*content).into() });
        }
        component.finish()
    }

    #[test]
    fn what_is_embedded_is_extracted() {
        let component = embed(&empty(), "manifest = 1").unwrap();
        assert_eq!(extract(&component).unwrap(), "manifest = 1");
    }

    #[test]
    fn embedding_again_replaces_and_leaves_the_rest_as_it_was() {
        let mut component = Component::new();
        component.section(&CustomSection { name: "first".into(), data: b"1"[..].into() });
        component.section(&CustomSection { name: NAME.into(), data: b"old"[..].into() });
        component.section(&wasm_encoder::ModuleSection(&wasm_encoder::Module::new()));
        component.section(&CustomSection { name: NAME.into(), data: b"older"[..].into() });
        component.section(&CustomSection { name: "last".into(), data: b"2"[..].into() });
        let once = embed(&component.finish(), "new").unwrap();
        assert_eq!(extract(&once).unwrap(), "new");
        assert_eq!(embed(&once, "new").unwrap(), once);
        let names: Vec<String> = Parser::new(0)
            .parse_all(&once)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(custom) => Some(custom.name().to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(names, ["first", "last", NAME]);
    }

    #[test]
    fn exactly_one_is_allowed() {
        assert!(matches!(extract(&empty()), Err(SectionError::Missing)));
        assert!(matches!(extract(&with_sections(&[b"a", b"b"])), Err(SectionError::Several { count: 2 })));
    }

    #[test]
    fn one_inside_a_nested_module_is_refused() {
        let mut module = wasm_encoder::Module::new();
        module.section(&CustomSection { name: NAME.into(), data: b"hidden"[..].into() });
        let mut component = Component::new();
        component.section(&wasm_encoder::ModuleSection(&module));
        component.section(&CustomSection { name: NAME.into(), data: b"shown"[..].into() });
        assert!(matches!(extract(&component.finish()), Err(SectionError::Nested)));
    }

    #[test]
    fn what_is_no_component_or_no_text_says_so() {
        let messages: Vec<String> = [
            extract(b"hello"),
            extract(&wasm_encoder::Module::new().finish()),
            extract(&with_sections(&[b"\xff"])),
            extract(&with_sections(&[&vec![b'a'; MAXIMUM_BYTES + 1]])),
        ]
        .into_iter()
        .map(|result| result.unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    proptest! {
        /// Whoever may upload a plugin may upload anything.
        #[test]
        fn damaged_components_are_understood_or_refused(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            kept in any::<prop::sample::Index>(),
            more in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            let mut component = Component::new();
            component.section(&wasm_encoder::ModuleSection(&wasm_encoder::Module::new()));
            component.section(&CustomSection { name: NAME.into(), data: b"manifest = 1"[..].into() });
            let mut bytes = component.finish();
            for (place, byte) in damage {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes.truncate(kept.index(bytes.len()) + 1);
            bytes.extend(more);
            if extract(&bytes).is_ok() {
                let again = embed(&bytes, "new");
                prop_assert!(again.is_err() || extract(&again.unwrap()).unwrap() == "new");
            }
        }
    }
}

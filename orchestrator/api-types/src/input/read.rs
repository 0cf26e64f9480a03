//! The way in: text or a value becomes a request, or a list of problems.

use serde_json::Value as Json;

use super::fields::kind;
use super::{Fields, Pointer, Problems};

/// A shape that callers may send.
pub trait Request: Sized {
    /// Takes every field from the object. What is returned is thrown away if a problem was found, so a missing field may be
    /// filled with anything.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// Reads a request from a value that was parsed already.
pub fn read<T: Request>(value: Json) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let request = match value {
        Json::Object(object) => {
            let mut fields = Fields::new(Pointer::root(), object, &mut problems);
            let request = T::read(&mut fields);
            fields.finish();
            request
        }
        other => {
            return Err(Problems::one(
                Pointer::root(),
                format!("the body must be a JSON object, it is {}", kind(&other)),
            ));
        }
    };
    if problems.is_empty() { Ok(request) } else { Err(problems) }
}

/// Reads a request from the text of a body.
pub fn read_text<T: Request>(text: &[u8]) -> Result<T, Problems> {
    read(parse(text)?)
}

/// Reads a request from the text of a body that may be empty, which means an empty object.
pub fn read_optional_text<T: Request>(text: &[u8]) -> Result<T, Problems> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return read(Json::Object(serde_json::Map::new()));
    }
    read_text(text)
}

fn parse(text: &[u8]) -> Result<Json, Problems> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Problems::one(Pointer::root(), "the body is empty, a JSON object is needed"));
    }
    serde_json::from_slice(text)
        .map_err(|error| Problems::one(Pointer::root(), format!("the body is not JSON: {error}")))
}

//! Paths below the base address.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What needs no encoding in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path below the base address, with its query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    segments: String,
    query: String,
}

impl Path {
    /// The base address itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Appends one segment, such as a name that a person gave.
    #[must_use]
    pub fn join(&self, segment: impl fmt::Display) -> Self {
        let segment = segment.to_string();
        let segments = format!("{}/{}", self.segments, utf8_percent_encode(&segment, SEGMENT));
        Self { segments, query: self.query.clone() }
    }

    /// Appends a parameter to the query.
    #[must_use]
    pub fn with(&self, key: &str, value: impl fmt::Display) -> Self {
        let separator = if self.query.is_empty() { '?' } else { '&' };
        let value = value.to_string();
        let query = format!("{}{separator}{key}={}", self.query, utf8_percent_encode(&value, SEGMENT));
        Self { segments: self.segments.clone(), query }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.segments, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded() {
        let path = Path::root().join("hosts").join("my host (1)").with("path", "/etc/a b");
        assert_eq!(path.to_string(), "/hosts/my%20host%20%281%29?path=%2Fetc%2Fa%20b");
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        assert_eq!(Path::root().join("../x").to_string(), "/..%2Fx");
    }
}

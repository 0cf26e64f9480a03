//! Permission bits as people write them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Permission bits with setuid, setgid and sticky: three or four octal digits in a string.
///
/// ```
/// use hostwright_sdk::types::Mode;
/// let mode: Mode = "644".parse().unwrap();
/// assert_eq!(mode.bits(), 0o644);
/// assert_eq!(mode.to_string(), "0644");
/// assert!("u=rw".parse::<Mode>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(u32);

impl Mode {
    /// Takes the permission bits of a mode as the machine says it; other bits are dropped.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & 0o7777)
    }

    /// Returns the bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// A text that is no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMode;

impl fmt::Display for InvalidMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mode is three or four octal digits in a string, such as \"0644\"")
    }
}

impl std::error::Error for InvalidMode {}

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        if !matches!(text.len(), 3 | 4) || !text.bytes().all(|digit| matches!(digit, b'0'..=b'7')) {
            return Err(InvalidMode);
        }
        u32::from_str_radix(text, 8).map(Self).map_err(|_| InvalidMode)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04o}", self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Mode;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("three or four octal digits in a string, such as \"0644\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Mode {
    fn schema_name() -> Cow<'static, str> {
        "Mode".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-7]{3,4}$", "examples": ["0644"]})
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn only_three_or_four_octal_digits_are_a_mode() {
        for (text, bits) in [("644", 0o644), ("0644", 0o644), ("4755", 0o4755), ("000", 0)] {
            assert_eq!(text.parse::<Mode>().map(Mode::bits), Ok(bits), "{text}");
        }
        for text in ["", "64", "00644", "0x1f", "789", "rw-r--r--", "-644", " 644"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_refused_because_json_has_no_octal() {
        let error = serde_json::from_str::<Mode>("644").unwrap_err();
        assert!(error.to_string().contains("octal digits in a string"), "{error}");
    }
}

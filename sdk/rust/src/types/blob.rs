//! Content by reference.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 digest, or a keyed one, as four big-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u64; 4]);

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(out, "{a:016x}{b:016x}{c:016x}{d:016x}")
    }
}

/// How a digest was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digesting {
    /// SHA-256.
    Sha256,
    /// HMAC-SHA-256 under a key of the machine, for content that holds secrets: the plain digest of a short secret is the secret.
    Keyed,
}

impl Digesting {
    fn prefix(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256:",
            Self::Keyed => "hmac-sha256:",
        }
    }
}

/// Content that the host keeps: named by its digest, never seen by the plugin.
///
/// In attributes it stands as `{"$hostwright": {"blob": "sha256:...", "size": 5}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// How the digest was made.
    pub digesting: Digesting,
    /// The digest.
    pub digest: Digest,
    /// Of the content, in bytes.
    pub size: u64,
}

impl Blob {
    /// Returns the name under which the host keeps it, e.g. `sha256:...`.
    pub fn reference(&self) -> String {
        let mut reference = String::with_capacity(76);
        reference.push_str(self.digesting.prefix());
        let _ = write!(reference, "{}", self.digest);
        reference
    }
}

/// A text that names no blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBlob;

impl fmt::Display for InvalidBlob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a blob is named by `sha256:` or `hmac-sha256:` and 64 lower-case hexadecimal digits")
    }
}

impl std::error::Error for InvalidBlob {}

/// A digest with the way it was made, as the name of a blob says it.
struct Name(Digesting, Digest);

impl FromStr for Name {
    type Err = InvalidBlob;

    fn from_str(text: &str) -> Result<Self, InvalidBlob> {
        let (digesting, hex) = [Digesting::Sha256, Digesting::Keyed]
            .into_iter()
            .find_map(|digesting| Some((digesting, text.strip_prefix(digesting.prefix())?)))
            .ok_or(InvalidBlob)?;
        if hex.len() != 64 || !hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidBlob);
        }
        let mut words = [0; 4];
        for (word, at) in words.iter_mut().zip([0, 16, 32, 48]) {
            *word = u64::from_str_radix(&hex[at..at + 16], 16).map_err(|_| InvalidBlob)?;
        }
        Ok(Self(digesting, Digest(words)))
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Outer {
            #[serde(rename = "$hostwright")]
            inner: Inner,
        }
        #[derive(Serialize)]
        struct Inner {
            blob: String,
            size: u64,
        }
        Outer { inner: Inner { blob: self.reference(), size: self.size } }.serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    #[serde(rename = "$hostwright")]
    inner: Reserved,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reserved {
    #[serde(deserialize_with = "name")]
    blob: Name,
    size: u64,
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = Name;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("the name of a blob")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Visitor)
}

impl From<Wrapped> for Blob {
    fn from(Wrapped { inner: Reserved { blob: Name(digesting, digest), size } }: Wrapped) -> Self {
        Self { digesting, digest, size }
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Wrapped::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Blob {
    fn schema_name() -> Cow<'static, str> {
        "Blob".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "$hostwright": {
                    "type": "object",
                    "properties": {
                        "blob": { "type": "string", "pattern": "^(hmac-)?sha256:[0-9a-f]{64}$" },
                        "size": { "type": "integer", "minimum": 0 }
                    },
                    "required": ["blob", "size"],
                    "additionalProperties": false
                }
            },
            "required": ["$hostwright"],
            "additionalProperties": false
        })
    }
}

/// Content of a file: a short text in the attributes, or a reference to a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The text itself.
    Text(String),
    /// Kept by the host.
    Blob(Blob),
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Blob(blob) => blob.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Content;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string or a reference to a blob")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Content, M::Error> {
                Blob::deserialize(de::value::MapAccessDeserializer::new(map)).map(Content::Blob)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Content {
    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, generator.subschema_for::<Blob>()],
            "x-hostwright": { "blob": true }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Blob, Content, Digesting};

    #[test]
    fn a_reference_survives_the_way_there_and_back() {
        let digest = "00000000000000010000000000000002000000000000000300000000000000ff";
        for (prefix, digesting) in [("sha256:", Digesting::Sha256), ("hmac-sha256:", Digesting::Keyed)] {
            let attribute = json!({"$hostwright": {"blob": format!("{prefix}{digest}"), "size": 7}});
            let Content::Blob(blob) = serde_json::from_value(attribute.clone()).unwrap() else {
                panic!("a reference is not a text");
            };
            assert_eq!((blob.digesting, blob.digest.0, blob.size), (digesting, [1, 2, 3, 255], 7));
            assert_eq!(serde_json::to_value(blob).unwrap(), attribute);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in [
            json!({"$hostwright": {"blob": "sha256:12", "size": 7}}),
            json!({"$hostwright": {"blob": format!("md5:{}", "0".repeat(64)), "size": 7}}),
            json!({"$hostwright": {"blob": format!("sha256:{}", "A".repeat(64)), "size": 7}}),
            json!({"$hostwright": {"blob": format!("sha256:{}", "0".repeat(64))}}),
            json!({"$hostwright": {"secret": "handle"}}),
            json!({"blob": format!("sha256:{}", "0".repeat(64)), "size": 7}),
        ] {
            assert!(serde_json::from_value::<Blob>(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_value::<Content>(json!("text")).unwrap(), Content::Text("text".into()));
    }
}

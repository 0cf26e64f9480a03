//! What laws are checked with.

use serde_json::Value as Json;

/// A batch of resources that a provider must be able to realise, or attributes that it must refuse.
#[derive(Clone, Debug)]
pub struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Good { resources: Vec<(String, Json)>, is_removed: bool },
    Bad { id: String, attributes: Json, pointer: String },
}

impl Case {
    /// A batch that is applied as one and stays.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Good { resources: Vec::new(), is_removed: false } }
    }

    /// Attributes that are refused, with the JSON pointer to what is bad in them.
    pub fn bad(name: &str, id: &str, attributes: Json, pointer: &str) -> Self {
        let (id, pointer) = (id.to_owned(), pointer.to_owned());
        Self { name: name.to_owned(), kind: Kind::Bad { id, attributes, pointer } }
    }

    /// Adds a resource to the batch.
    #[must_use]
    pub fn resource(mut self, id: &str, attributes: Json) -> Self {
        if let Kind::Good { resources, .. } = &mut self.kind {
            resources.push((id.to_owned(), attributes));
        }
        self
    }

    /// Removes the batch at the end.
    #[must_use]
    pub fn then_removed(mut self) -> Self {
        if let Kind::Good { is_removed, .. } = &mut self.kind {
            *is_removed = true;
        }
        self
    }
}

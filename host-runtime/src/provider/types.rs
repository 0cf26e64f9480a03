//! What crosses between the host and a provider, whatever the version of the contract.
//!
//! Attributes and values are JSON text, as on the WIT: what costs at the boundary is strings, and most of them are only
//! passed on.

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// e.g. `files`; those of third parties are `publisher.name`.
    pub collection: String,
    /// Of the schema.
    pub schema_version: u32,
    /// JSON Schema 2020-12 of the attributes.
    pub schema: String,
    /// The provider's own name, e.g. `apt`.
    pub provider: String,
    /// Where resources of this collection stand in a change; lower comes first.
    pub rank: u32,
    /// What `perform` understands.
    pub actions: Vec<String>,
}

/// Whether a provider can serve a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// Not this one, and why.
    No(String),
    /// With this priority among the providers of one publisher; the highest is taken.
    Yes(u32),
}

/// What stands on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Nothing.
    Absent,
    /// Attributes as they are, a JSON object.
    Present(String),
    /// It could not be told for this one; the others are valid.
    Unreadable(ProviderError),
}

/// What should stand on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// These attributes, a JSON object; only what is given is compared and set.
    Present(String),
}

/// One resource as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Unique in its collection.
    pub id: String,
    /// How it should be.
    pub state: State,
}

/// One resource found on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Unique in its collection.
    pub id: String,
    /// How it is.
    pub observation: Observation,
}

/// A value as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// JSON text.
    Known(String),
    /// Only applying can tell.
    KnownAfterApply,
    /// Known, but not for showing.
    Opaque,
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Position of the resource in the batch; always within it.
    pub index: u32,
    /// JSON pointer into the attributes; empty for presence itself.
    pub pointer: String,
    /// Nothing where it is absent.
    pub before: Option<Value>,
    /// Nothing where it is to go.
    pub after: Option<Value>,
}

/// What applying did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether anything on the machine was changed.
    pub changed: bool,
    /// What a person should know, e.g. the version installed.
    pub message: Option<String>,
}

/// How far a watch reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The path itself: created, replaced, written, moded, removed.
    Itself,
    /// Also the entries of the directory.
    Entries,
}

/// A path whose change may mean drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Absolute.
    pub path: String,
    /// How far.
    pub extent: Extent,
    /// Positions of the resources that it concerns, always within the batch; empty for all.
    pub indices: Vec<u32>,
}

/// Why a plugin or a host function did not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The attributes do not satisfy the collection's schema or the provider's rules.
    #[error("{}{message}", at(pointer))]
    Invalid {
        /// JSON pointer into the attributes, empty for the whole.
        pointer: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// This provider or this machine cannot do it.
    #[error("{0}")]
    Unsupported(String),
    /// The host refused.
    #[error("{action} is denied: {reason}")]
    Denied {
        /// What was asked for, e.g. `files.replace /etc/shadow`.
        action: String,
        /// Why, and the grant that would allow it.
        reason: String,
    },
    /// Somebody else holds a lock; names who.
    #[error("{0}")]
    Busy(String),
    /// It did not work although it was allowed.
    #[error("{message}")]
    Failed {
        /// What failed, as a person would say it.
        message: String,
        /// The program and its arguments, where one ran.
        command: Option<String>,
        /// Its exit status.
        status: Option<i32>,
        /// The end of what it wrote.
        output: Option<String>,
    },
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{pointer}: ") }
}

//! Resources: desired, observed, different, planned.

use serde_json::{Map, Value as Json, json};

use super::Error;

/// A resource that is to be there, with its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<A> {
    /// e.g. `/etc/motd`.
    pub id: String,
    /// Only what is given is compared and set.
    pub attributes: A,
}

/// What is desired of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired<A> {
    /// e.g. `/etc/motd`.
    pub id: String,
    /// There, and how; or not there.
    pub state: State<A>,
}

impl<A> Desired<A> {
    /// Returns the attributes of a resource that is to be there.
    pub fn attributes(&self) -> Option<&A> {
        match &self.state {
            State::Present(attributes) => Some(attributes),
            State::Absent => None,
        }
    }
}

/// The state that a resource is to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<A> {
    /// Not there.
    Absent,
    /// There. Only attributes that are given are compared and set.
    Present(A),
}

/// What was seen of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation<A> {
    /// It is not there.
    Absent,
    /// It is there, with these attributes.
    Present(A),
    /// It could not be told for this one; the others of the batch are valid.
    Unreadable(Error),
}

/// What will be seen of a resource once it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It will not be there.
    Absent,
    /// It will be there; attributes that only applying can tell are [`unknown`].
    Present(Map<String, Json>),
    /// It cannot be told for this one.
    Unreadable(Error),
}

/// Stands, in planned attributes, for a value that only applying can tell.
///
/// ```
/// use hostwright_sdk::types::{is_unknown, unknown};
/// assert!(is_unknown(&unknown()));
/// ```
pub fn unknown() -> Json {
    json!({"$hostwright": {"unknown": true}})
}

/// Returns whether a value is the mark of something that only applying can tell.
pub fn is_unknown(value: &Json) -> bool {
    value.get("$hostwright").and_then(|reserved| reserved.get("unknown")) == Some(&Json::Bool(true))
}

/// A resource that was found by listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<A> {
    /// Its id.
    pub id: String,
    /// How it is.
    pub observation: Observation<A>,
}

/// One attribute (or the presence) of one resource that is not as desired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Position of the resource in the batch.
    pub index: usize,
    /// JSON pointer into the attributes; empty for presence itself.
    pub pointer: String,
    /// Nothing where the attribute or the resource is absent.
    pub before: Option<Value>,
    /// Nothing where it is to be removed.
    pub after: Option<Value>,
}

impl Difference {
    /// An attribute that is to change.
    pub fn change(index: usize, pointer: impl Into<String>, before: Option<Value>, after: Value) -> Self {
        Self { index, pointer: pointer.into(), before, after: Some(after) }
    }

    /// The resource is not there and is to be.
    pub fn creation(index: usize, attributes: Map<String, Json>) -> Self {
        Self::change(index, "", None, Value::Known(Json::Object(attributes)))
    }

    /// The resource is there and is not to be.
    pub fn removal(index: usize, attributes: Json) -> Self {
        Self { index, pointer: String::new(), before: Some(Value::Known(attributes)), after: None }
    }
}

/// A value as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It.
    Known(Json),
    /// Only applying can tell.
    KnownAfterApply,
    /// Known, but not for showing.
    Opaque,
}

impl From<Json> for Value {
    /// The mark of [`unknown`] becomes [`Value::KnownAfterApply`], everything else is known.
    fn from(json: Json) -> Self {
        if is_unknown(&json) { Self::KnownAfterApply } else { Self::Known(json) }
    }
}

/// How an effect went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether anything on the machine was changed.
    pub changed: bool,
    /// What a person should know, e.g. the version installed.
    pub message: Option<String>,
}

impl Outcome {
    /// Something was changed.
    pub fn changed() -> Self {
        Self { changed: true, message: None }
    }

    /// It was so already.
    pub fn unchanged() -> Self {
        Self::default()
    }

    /// Adds what a person should know, after what was said before.
    ///
    /// ```
    /// use hostwright_sdk::types::Outcome;
    /// let outcome = Outcome::changed().with_message("made /srv").with_message("owner is not managed");
    /// assert_eq!(outcome.message.as_deref(), Some("made /srv; owner is not managed"));
    /// ```
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = self.message.map_or_else(|| message.clone(), |said| format!("{said}; {message}"));
        Self { message: Some(message), ..self }
    }

    /// Adds what a person should know, if there is anything.
    #[must_use]
    pub fn with_note(self, note: Option<impl Into<String>>) -> Self {
        match note {
            Some(note) => self.with_message(note),
            None => self,
        }
    }
}

/// A path whose change may mean drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Absolute.
    pub path: String,
    /// The path itself, or its entries too.
    pub extent: Extent,
    /// Positions of the resources that it concerns; empty for all.
    pub indices: Vec<usize>,
}

/// How far a watch reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The path itself: created, replaced, written, moded, removed.
    Itself,
    /// Also the entries of the directory.
    Entries,
}

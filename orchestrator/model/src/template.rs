//! Files that are rendered.

use hostwright_protocol::messages::ResourceRef;

use crate::blob::BlobDigest;
use crate::names::ResourceName;

/// How the parts of a template are told from its text.
///
/// Blocks and comments are switched on by naming their delimiters. The default has `${` `}` for variables and `{%` `%}`
/// for blocks; a template with other variable delimiters has no blocks unless it asks, so that a shell script with `##`
/// keeps its `${KEY}` and `${#list[@]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// Around what is looked up and printed.
    pub variable: Pair,
    /// Around `for`, `if` and their like; nothing switches them off.
    pub block: Option<Pair>,
    /// Around what is left out; nothing switches them off.
    pub comment: Option<Pair>,
}

/// The two ends of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Before it.
    pub start: String,
    /// After it.
    pub end: String,
}

impl Pair {
    /// Joins two ends.
    pub fn new(start: impl Into<String>, end: impl Into<String>) -> Self {
        Self { start: start.into(), end: end.into() }
    }
}

impl Delimiters {
    /// Returns delimiters with this variable form: with the default blocks if it is the default form, else without.
    pub fn of_variables(variable: Pair) -> Self {
        let default = Self::default();
        if variable == default.variable { default } else { Self { variable, block: None, comment: None } }
    }

    /// Says which rule they break, if any.
    pub fn problem(&self) -> Option<&'static str> {
        let pairs = [Some(&self.variable), self.block.as_ref(), self.comment.as_ref()];
        let mut starts: Vec<&str> = Vec::new();
        for pair in pairs.into_iter().flatten() {
            if pair.start.is_empty() || pair.end.is_empty() {
                return Some("a delimiter is empty");
            }
            if pair.start.len() > 16 || pair.end.len() > 16 {
                return Some("a delimiter is longer than 16 bytes");
            }
            if [&pair.start, &pair.end]
                .iter()
                .any(|text| text.contains(|c: char| c.is_control() || c.is_whitespace()))
            {
                return Some("a delimiter contains white space or a control character");
            }
            if starts.contains(&pair.start.as_str()) {
                return Some("two kinds of delimiters begin alike");
            }
            starts.push(&pair.start);
        }
        None
    }
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { variable: Pair::new("${", "}"), block: Some(Pair::new("{%", "%}")), comment: None }
    }
}

/// A file of an application, distribution or platform, rendered for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// Unique in what it belongs to.
    pub name: ResourceName,
    /// How its template is read.
    pub delimiters: Delimiters,
    /// Its template; nothing until one was uploaded. Content that is not UTF-8 is no template and delivered as it is.
    pub content: Option<BlobDigest>,
}

/// Names a resource; a shorthand.
pub(crate) fn resource(collection: &str, id: impl Into<String>) -> ResourceRef {
    ResourceRef { collection: collection.to_owned(), id: id.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_variable_delimiters_switch_off_the_rest() {
        let hashes = Delimiters::of_variables(Pair::new("##", "##"));
        assert_eq!((hashes.block, hashes.comment), (None, None));
        assert_eq!(Delimiters::of_variables(Pair::new("${", "}")), Delimiters::default());
    }

    #[test]
    fn delimiters_that_cannot_work_are_refused() {
        assert_eq!(Delimiters::default().problem(), None);
        assert_eq!(Delimiters::of_variables(Pair::new("", "}")).problem(), Some("a delimiter is empty"));
        assert!(Delimiters::of_variables(Pair::new("a b", "}")).problem().is_some());
        let alike = Delimiters { comment: Some(Pair::new("${", "#}")), ..Delimiters::default() };
        assert_eq!(alike.problem(), Some("two kinds of delimiters begin alike"));
    }
}

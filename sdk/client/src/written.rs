//! What a write leads to.

use reqwest::header::{ETAG, HeaderMap, LINK, LOCATION};

use crate::Path;

/// The answer to a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Written<T> {
    /// What is stored now.
    pub entity: T,
    /// The changes that it made on hosts.
    pub changes: Vec<ChangeLink>,
    /// Where it is, if it was created.
    pub location: Option<String>,
    /// Its version for `If-Match`.
    pub etag: Option<String>,
}

impl<T> Written<T> {
    pub(crate) fn new(entity: T, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self { entity, changes: changes(headers), location: text(LOCATION), etag: text(ETAG) }
    }

    /// Turns the entity into something else.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Written<U> {
        Written { entity: turn(self.entity), changes: self.changes, location: self.location, etag: self.etag }
    }
}

/// A change that a write made, by its address below the base address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLink(pub(crate) String);

impl ChangeLink {
    /// Points at a change by its path.
    pub fn to(path: &Path) -> Self {
        Self(path.to_string())
    }

    /// Returns the path below the base address, as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Collects `Link: </api/…/changes/4>; rel="change"`.
fn changes(headers: &HeaderMap) -> Vec<ChangeLink> {
    let mut changes = Vec::new();
    for value in headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()) {
        for link in value.split(',').filter(|link| link.contains("rel=\"change\"")) {
            let target = link.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            if let Some(path) = target.and_then(|(target, _)| target.strip_prefix("/api")) {
                changes.push(ChangeLink(path.to_owned()));
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn changes_are_found_among_other_links() {
        let mut headers = HeaderMap::new();
        headers.append(LINK, HeaderValue::from_static("</api/a?offset=2>; rel=\"next\""));
        headers.append(
            LINK,
            HeaderValue::from_static(
                "</api/o/changes/1>; rel=\"change\", </api/o/changes/2>; rel=\"change\"",
            ),
        );
        assert_eq!(changes(&headers), [ChangeLink("/o/changes/1".into()), ChangeLink("/o/changes/2".into())]);
    }
}

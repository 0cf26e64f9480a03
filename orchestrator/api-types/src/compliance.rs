//! Alerts: resources that are not as they should be.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::Difference;

/// A resource that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceAlert {
    /// The application that declares it.
    pub application: String,
    /// `fileResource`, `packageResource`, `serviceResource`, `directoryResource` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name in the application.
    pub name: String,
    /// What was seen: attributes as the collection has them. Packages have `installed`; files and directories `path` and
    /// `present`.
    #[schema(value_type = Object)]
    pub current_state: Json,
    /// What should be, alike.
    #[schema(value_type = Object)]
    pub expected_state: Json,
    /// Its collection.
    pub collection: String,
    /// Its id, e.g. a file's path.
    pub id: String,
    /// Where the two differ.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// When it was first seen.
    pub since: DateTime<Utc>,
}

/// The types of resources in alerts, with their collections.
pub const TYPES_OF_RESOURCES: &[(&str, &str)] = &[
    ("fileResource", "files"),
    ("directoryResource", "directories"),
    ("packageResource", "packages"),
    ("serviceResource", "services"),
    ("userResource", "users"),
    ("groupResource", "groups"),
    ("repoResource", "repos"),
];

/// Returns how alerts call a resource of a collection.
pub fn type_of_collection(collection: &str) -> String {
    let known = TYPES_OF_RESOURCES
        .iter()
        .find(|(_, of)| *of == collection || collection == "repositories" && *of == "repos");
    known.map_or_else(|| format!("{collection}Resource"), |(kind, _)| (*kind).to_owned())
}

/// Returns the collection that alerts call so.
pub fn collection_of_type(kind: &str) -> String {
    let known = TYPES_OF_RESOURCES.iter().find(|(of, _)| *of == kind);
    known.map_or_else(
        || kind.trim_end_matches("Resource").to_owned(),
        |(_, collection)| (*collection).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_collections_map_to_each_other() {
        for (kind, collection) in TYPES_OF_RESOURCES {
            assert_eq!(type_of_collection(collection), *kind);
            assert_eq!(collection_of_type(kind), *collection);
        }
        assert_eq!(type_of_collection("acme.dns"), "acme.dnsResource");
        assert_eq!(collection_of_type("acme.dnsResource"), "acme.dns");
    }
}

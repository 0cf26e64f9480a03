//! Distributions: what machines are installed with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Delimiter, Parameter, Setting};

/// What machines are installed with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Distribution {
    /// Its name, unique in the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// Whose it is.
    pub organization: String,
    /// Whether changing it is refused.
    pub locked: bool,
    /// Settings of it.
    pub settings: Vec<Setting>,
    /// Templates of it.
    pub files: Vec<DistributionFile>,
    /// Variables with their defaults.
    pub parameters: Vec<Parameter>,
}

/// A template of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DistributionFile {
    /// Its name.
    pub name: String,
    /// What encloses a variable.
    #[serde(default)]
    pub delimiter: Delimiter,
}

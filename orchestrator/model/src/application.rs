//! Applications: templates that bundle resources, parameters and handlers.

mod handler;
mod problems;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};

pub use self::handler::{Action, Handler, InvalidAction, Trigger};
pub use self::problems::Problem;
use crate::ids::{ApplicationId, OrganizationId};
use crate::names::{ApplicationName, ResourceName};
use crate::parameter::Parameter;
use crate::template::TemplateFile;

/// A template that bundles resources, what can be said about them, and what is done when that changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Unique in its organization.
    pub name: ApplicationName,
    /// For people.
    pub description: String,
    /// Rises by one with each change.
    pub version: u64,
    /// Whether it refuses to be changed or deleted.
    pub locked: bool,
    /// Packages that it needs.
    pub packages: Vec<Package>,
    /// Services that it runs.
    pub services: Vec<Service>,
    /// Directories that it needs.
    pub directories: Vec<Directory>,
    /// Files that are rendered for it; also those that handlers execute.
    pub files: Vec<ApplicationFile>,
    /// Resources of collections that are not ours, which plugins of others bring.
    pub resources: Vec<OtherResource>,
    /// What it can be told.
    pub parameters: Vec<Parameter>,
    /// What is done when that changes, or by name.
    pub handlers: Vec<Handler>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Application {
    /// Returns the file of that name.
    pub fn file(&self, name: &ResourceName) -> Option<&ApplicationFile> {
        self.files.iter().find(|file| file.template.name == *name)
    }

    /// Returns the service of that name.
    pub fn service(&self, name: &ResourceName) -> Option<&Service> {
        self.services.iter().find(|service| service.name == *name)
    }

    /// Returns everything that is wrong with it; nothing if it can be used.
    pub fn problems(&self) -> Vec<Problem> {
        problems::of(self)
    }
}

/// A package that an application needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// As the machine's package manager knows it.
    pub name: ResourceName,
    /// A template; nothing: whatever version there is.
    pub version: Option<String>,
    /// Whether it is to stay at its version when others are upgraded.
    pub hold: Option<bool>,
}

/// A service that an application runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Of its unit; `.service` is implied.
    pub name: ResourceName,
    /// Whether it starts with the machine; nothing: as it is.
    pub enabled: Option<bool>,
    /// Whether it runs; it does unless it is said that it does not.
    pub running: bool,
}

/// A directory that an application needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// For people; unique in its application.
    pub name: ResourceName,
    /// Absolute; a template.
    pub path: String,
    /// User; nothing: as it is.
    pub owner: Option<String>,
    /// Group; nothing: as it is.
    pub group: Option<String>,
    /// Three or four octal digits; nothing: as it is.
    pub mode: Option<String>,
}

/// A resource of a collection that a plugin of somebody else brings.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherResource {
    /// `publisher.name`.
    pub collection: String,
    /// As its provider knows it; a template.
    pub id: String,
    /// As its provider understands them; every text in them is a template.
    pub attributes: Map<String, Json>,
}

/// A file that is rendered for an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationFile {
    /// Its template, whose name is the file's.
    pub template: TemplateFile,
    /// Absolute; a template.
    pub path: String,
    /// User; nothing: as it is.
    pub owner: Option<String>,
    /// Group; nothing: as it is.
    pub group: Option<String>,
    /// Three or four octal digits; nothing: as it is.
    pub mode: Option<String>,
}

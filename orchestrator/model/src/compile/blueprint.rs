//! What the compiler is given.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::json;

use super::{CompileError, declare};
use crate::application::Application;
use crate::blob::BlobDigest;
use crate::context::ServiceOverride;
use crate::desired::DesiredSet;
use crate::environment::Environment;
use crate::host::Host;
use crate::ids::{ApplicationId, ContextId};
use crate::names::{ResourceName, SettingKey};
use crate::organization::Organization;
use crate::render::{self, Private, Variables};
use crate::resolution::{Effective, Levels};
use crate::setting::Setting;

/// Everything that decides what a host is to be.
#[derive(Clone, Copy, Debug)]
pub struct Blueprint<'a> {
    /// Whose the host is.
    pub organization: &'a Organization,
    /// Where it stands.
    pub environment: &'a Environment,
    /// The host.
    pub host: &'a Host,
    /// Its applications: those that are installed, and those that the operation is about.
    pub applications: &'a [PlacedApplication],
    /// Every setting that counts for it.
    pub settings: &'a HostSettings,
    /// The content of the files of its applications, as uploaded.
    pub contents: &'a BTreeMap<BlobDigest, Vec<u8>>,
    /// What is desired of it once every change that is open is done.
    pub desired: &'a DesiredSet,
}

/// An application on a host.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedApplication {
    /// Where its own settings stand.
    pub context: ContextId,
    /// Lower ones come first.
    pub position: u32,
    /// The template.
    pub application: Application,
    /// Services that are other than it says.
    pub services: Vec<ServiceOverride>,
}

/// Every setting that counts for a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostSettings {
    /// Of the organization.
    pub organization: Vec<Setting>,
    /// Of the environment.
    pub environment: Vec<Setting>,
    /// Of the host.
    pub host: Vec<Setting>,
    /// Of each application on it.
    pub contexts: BTreeMap<ContextId, Vec<Setting>>,
}

impl HostSettings {
    /// Returns the levels that speak to an application.
    pub fn levels<'a>(&'a self, placed: &'a PlacedApplication) -> Levels<'a> {
        Levels {
            parameters: &placed.application.parameters,
            template: &[],
            organization: &self.organization,
            environment: &self.environment,
            host: &self.host,
            context: self.contexts.get(&placed.context).map_or(&[], Vec::as_slice),
        }
    }
}

impl<'a> Blueprint<'a> {
    /// Returns the application on the host, if it is there.
    pub fn application(&self, id: ApplicationId) -> Option<&'a PlacedApplication> {
        self.applications.iter().find(|placed| placed.application.id == id)
    }

    /// Returns what counts for an application on the host.
    pub fn effective(&self, placed: &PlacedApplication) -> IndexMap<SettingKey, Effective> {
        self.settings.levels(placed).resolve_all()
    }

    /// Renders a file of an application on the host.
    pub fn render_file(
        &self,
        placed: &PlacedApplication,
        file: &ResourceName,
    ) -> Result<Vec<u8>, CompileError> {
        let Some(file) = placed.application.file(file) else {
            return Err(CompileError::NoSuchResource {
                application: placed.application.name.clone(),
                kind: "file",
                name: file.clone(),
            });
        };
        declare::content(self, placed, file, &self.variables(placed))
    }

    /// Renders an attribute of an application on the host, such as the path of a file.
    pub fn render_attribute(
        &self,
        placed: &PlacedApplication,
        subject: &str,
        source: &str,
    ) -> Result<String, CompileError> {
        Ok(render::attribute(subject, source, &self.variables(placed))?)
    }

    /// The host's applications in the order in which they are installed.
    pub(super) fn in_order(&self) -> Vec<&'a PlacedApplication> {
        let mut applications: Vec<_> = self.applications.iter().collect();
        applications.sort_by_key(|placed| (placed.position, placed.application.id));
        applications
    }

    pub(super) fn placed(&self, id: ApplicationId) -> Result<&'a PlacedApplication, CompileError> {
        self.application(id).ok_or(CompileError::NotInstalled { application: id })
    }

    pub(super) fn variables(&self, placed: &PlacedApplication) -> Variables {
        let applications = self.in_order();
        let names = |list: fn(&Application) -> Vec<String>| -> Vec<String> {
            applications.iter().flat_map(|placed| list(&placed.application)).collect()
        };
        let private = Private {
            variables: vec![
                ("_host", json!({"name": self.host.name.as_str(), "uuid": self.host.id.to_string()})),
                ("_org", json!({"name": self.organization.name.as_str()})),
                ("_env", json!({"name": self.environment.name.as_str()})),
                ("_application", json!({"name": placed.application.name.as_str()})),
                (
                    "_applications",
                    json!({
                        "names": names(|application| vec![application.name.to_string()]),
                        "packages": names(|application| {
                            application.packages.iter().map(|package| package.name.to_string()).collect()
                        }),
                        "services": names(|application| {
                            application.services.iter().map(|service| service.name.to_string()).collect()
                        }),
                    }),
                ),
            ],
        };
        Variables::new(&self.effective(placed), private)
    }
}

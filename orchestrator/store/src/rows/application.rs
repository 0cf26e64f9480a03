//! Applications. What an application declares is one document, because it is read and written as one.

use chrono::{DateTime, Utc};
use hostwright_model::application::{
    Action, Application, ApplicationFile, Directory, Handler, OtherResource, Package, Service,
};
use hostwright_model::ids::{ApplicationId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::template::{StoredFile, StoredParameter, read_all};
use super::{loaded, read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ApplicationRow {
    id: Uuid,
    organization: Uuid,
    name: String,
    description: String,
    version: i64,
    locked: bool,
    definition: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Definition {
    format: u32,
    packages: Vec<StoredPackage>,
    services: Vec<StoredService>,
    directories: Vec<StoredDirectory>,
    files: Vec<StoredApplicationFile>,
    /// Older definitions have none.
    #[serde(default)]
    resources: Vec<StoredResource>,
    parameters: Vec<StoredParameter>,
    handlers: Vec<StoredHandler>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredPackage {
    name: String,
    version: Option<String>,
    hold: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredService {
    name: String,
    enabled: Option<bool>,
    running: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredDirectory {
    name: String,
    path: String,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredApplicationFile {
    template: StoredFile,
    path: String,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredResource {
    collection: String,
    id: String,
    attributes: Map<String, Json>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredHandler {
    name: Option<String>,
    on: Vec<String>,
    actions: Vec<StoredAction>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAction {
    action: String,
    resource: Option<String>,
}

const FORMAT: u32 = 1;

pub(crate) fn write_definition(application: &Application) -> Result<String, Error> {
    let packages = application.packages.iter().map(|package| {
        let Package { name, version, hold } = package;
        StoredPackage { name: name.to_string(), version: version.clone(), hold: *hold }
    });
    let services = application.services.iter().map(|service| {
        let Service { name, enabled, running } = service;
        StoredService { name: name.to_string(), enabled: *enabled, running: *running }
    });
    let directories = application.directories.iter().map(|directory| {
        let Directory { name, path, owner, group, mode } = directory.clone();
        StoredDirectory { name: name.to_string(), path, owner, group, mode }
    });
    let files = application.files.iter().map(|file| {
        let ApplicationFile { template, path, owner, group, mode } = file.clone();
        StoredApplicationFile { template: (&template).into(), path, owner, group, mode }
    });
    let resources = application.resources.iter().map(|resource| {
        let OtherResource { collection, id, attributes } = resource.clone();
        StoredResource { collection, id, attributes }
    });
    let handlers = application.handlers.iter().map(|handler| {
        let Handler { name, on, actions } = handler;
        let actions = actions
            .iter()
            .map(|action| StoredAction { action: action.verb().to_owned(), resource: action.resource() });
        StoredHandler {
            name: name.as_ref().map(ToString::to_string),
            on: on.iter().map(ToString::to_string).collect(),
            actions: actions.collect(),
        }
    });
    let definition = Definition {
        format: FORMAT,
        packages: packages.collect(),
        services: services.collect(),
        directories: directories.collect(),
        files: files.collect(),
        resources: resources.collect(),
        parameters: application.parameters.iter().map(Into::into).collect(),
        handlers: handlers.collect(),
    };
    write_json("application", &definition)
}

impl TryFrom<ApplicationRow> for Application {
    type Error = Error;

    fn try_from(row: ApplicationRow) -> Result<Self, Error> {
        let ApplicationRow { id, organization, name, description, version, locked, definition, created_at } =
            row;
        let definition: Definition = read_json("application", &definition)?;
        Ok(Self {
            id: ApplicationId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            name: name.parse().map_err(Error::corrupt("application"))?,
            description,
            version: loaded("application", version)?,
            locked,
            packages: read_all(definition.packages)?,
            services: read_all(definition.services)?,
            directories: read_all(definition.directories)?,
            files: read_all(definition.files)?,
            resources: read_all(definition.resources)?,
            parameters: read_all(definition.parameters)?,
            handlers: read_all(definition.handlers)?,
            created_at,
        })
    }
}

impl TryFrom<StoredPackage> for Package {
    type Error = Error;

    fn try_from(StoredPackage { name, version, hold }: StoredPackage) -> Result<Self, Error> {
        Ok(Self { name: name.parse().map_err(Error::corrupt("package"))?, version, hold })
    }
}

impl TryFrom<StoredService> for Service {
    type Error = Error;

    fn try_from(StoredService { name, enabled, running }: StoredService) -> Result<Self, Error> {
        Ok(Self { name: name.parse().map_err(Error::corrupt("service"))?, enabled, running })
    }
}

impl TryFrom<StoredDirectory> for Directory {
    type Error = Error;

    fn try_from(stored: StoredDirectory) -> Result<Self, Error> {
        let StoredDirectory { name, path, owner, group, mode } = stored;
        Ok(Self { name: name.parse().map_err(Error::corrupt("directory"))?, path, owner, group, mode })
    }
}

impl TryFrom<StoredApplicationFile> for ApplicationFile {
    type Error = Error;

    fn try_from(stored: StoredApplicationFile) -> Result<Self, Error> {
        let StoredApplicationFile { template, path, owner, group, mode } = stored;
        Ok(Self { template: template.try_into()?, path, owner, group, mode })
    }
}

impl TryFrom<StoredResource> for OtherResource {
    type Error = Error;

    fn try_from(StoredResource { collection, id, attributes }: StoredResource) -> Result<Self, Error> {
        Ok(Self { collection, id, attributes })
    }
}

impl TryFrom<StoredHandler> for Handler {
    type Error = Error;

    fn try_from(StoredHandler { name, on, actions }: StoredHandler) -> Result<Self, Error> {
        let read = |action: StoredAction| {
            Action::parse(&action.action, action.resource.as_deref()).map_err(Error::corrupt("handler"))
        };
        let triggers = on.iter().map(|trigger| trigger.parse().map_err(Error::corrupt("handler")));
        Ok(Self {
            name: name.map(|name| name.parse()).transpose().map_err(Error::corrupt("handler"))?,
            on: triggers.collect::<Result<_, Error>>()?,
            actions: actions.into_iter().map(read).collect::<Result<_, Error>>()?,
        })
    }
}

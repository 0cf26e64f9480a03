//! Handles of an organization, an environment and an application.

use bytes::Bytes;
use hostwright_api_types::{
    ActivePlugin, Agent, ApiKey, Application, Distribution, EnrolmentToken, Environment, FileResource, Host,
    Organization, Parameter, Platform, Setting,
};
use serde_json::{Value as Json, json};

use crate::events::EventStream;
use crate::host::HostHandle;
use crate::{Client, ClientError, Collection, Entity, Path, Written};

/// Everything of one organization.
#[derive(Clone, Debug)]
pub struct OrganizationHandle {
    client: Client,
    path: Path,
}

impl OrganizationHandle {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        let path = Path::root().join("organizations").join(name);
        Self { client, path }
    }

    /// The organization itself.
    pub fn entity(&self) -> Entity<Organization> {
        Entity::new(self.client.clone(), self.path.clone())
    }

    /// Its settings.
    pub fn settings(&self) -> Collection<Setting> {
        self.collection("settings")
    }

    /// Its environments.
    pub fn environments(&self) -> Collection<Environment> {
        self.collection("environments")
    }

    /// Everything of one environment.
    pub fn environment(&self, name: &str) -> EnvironmentHandle {
        EnvironmentHandle { client: self.client.clone(), path: self.path.join("environments").join(name) }
    }

    /// Its applications.
    pub fn applications(&self) -> Collection<Application> {
        self.collection("applications")
    }

    /// Everything of one application.
    pub fn application(&self, name: &str) -> ApplicationHandle {
        ApplicationHandle { client: self.client.clone(), path: self.path.join("applications").join(name) }
    }

    /// Its platforms.
    pub fn platforms(&self) -> Collection<Platform> {
        self.collection("platforms")
    }

    /// Settings of one of its platforms.
    pub fn platform_settings(&self, platform: &str) -> Collection<Setting> {
        let path = self.path.join("platforms").join(platform).join("settings");
        Collection::new(self.client.clone(), path)
    }

    /// Its distributions.
    pub fn distributions(&self) -> Collection<Distribution> {
        self.collection("distributions")
    }

    /// Tokens that let agents in.
    pub fn enrolment_tokens(&self) -> Collection<EnrolmentToken> {
        self.collection("enrolment-tokens")
    }

    /// Its agents.
    pub fn agents(&self) -> Collection<Agent> {
        self.collection("agents")
    }

    /// Its API keys.
    pub fn api_keys(&self) -> Collection<ApiKey> {
        self.collection("applicationkeys")
    }

    /// Plugins that it uses, by collection.
    pub fn plugins(&self) -> Collection<ActivePlugin> {
        self.collection("plugins")
    }

    /// What happens in it, after the event `after` if given, else from now on.
    pub async fn events(&self, after: Option<i64>) -> Result<EventStream, ClientError> {
        let response = self.client.open(&self.path.join("events"), after).await?;
        Ok(EventStream::new(response))
    }

    fn collection<T: serde::de::DeserializeOwned>(&self, name: &str) -> Collection<T> {
        Collection::new(self.client.clone(), self.path.join(name))
    }
}

/// Everything of one environment.
#[derive(Clone, Debug)]
pub struct EnvironmentHandle {
    client: Client,
    path: Path,
}

impl EnvironmentHandle {
    /// The environment itself.
    pub fn entity(&self) -> Entity<Environment> {
        Entity::new(self.client.clone(), self.path.clone())
    }

    /// Its settings.
    pub fn settings(&self) -> Collection<Setting> {
        Collection::new(self.client.clone(), self.path.join("settings"))
    }

    /// Its hosts.
    pub fn hosts(&self) -> Collection<Host> {
        Collection::new(self.client.clone(), self.path.join("hosts"))
    }

    /// Everything of one host.
    pub fn host(&self, name: &str) -> HostHandle {
        HostHandle::new(self.client.clone(), self.path.join("hosts").join(name))
    }
}

/// Everything of one application.
#[derive(Clone, Debug)]
pub struct ApplicationHandle {
    client: Client,
    path: Path,
}

impl ApplicationHandle {
    /// The application itself.
    pub fn entity(&self) -> Entity<Application> {
        Entity::new(self.client.clone(), self.path.clone())
    }

    /// Its files.
    pub fn files(&self) -> Collection<FileResource> {
        Collection::new(self.client.clone(), self.path.join("files"))
    }

    /// Its parameters.
    pub fn parameters(&self) -> Collection<Parameter> {
        Collection::new(self.client.clone(), self.path.join("parameters"))
    }

    /// Returns the template of one of its files.
    pub async fn file_content(&self, file: &str) -> Result<Bytes, ClientError> {
        self.client.get_bytes(&self.path.join("files").join(file).join("content")).await
    }

    /// Sets the template of one of its files.
    pub async fn set_file_content(&self, file: &str, content: Bytes) -> Result<Written<()>, ClientError> {
        self.client.upload_content(&self.path.join("files").join(file).join("content"), content).await
    }
}

/// Builds the body of a bulk change of settings.
pub fn settings_change(settings: impl IntoIterator<Item = (String, Json)>) -> Json {
    let settings: Vec<Json> =
        settings.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({ "newOrUpdatedSettings": settings })
}

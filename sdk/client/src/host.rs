//! The handle of a host.

use bytes::Bytes;
use hostwright_api_types::{
    ApplicationContext, Change, ComplianceAlert, DistributionContext, Host, Instance, OriginSetting, Plan,
    PlatformContext, PluginPermission, Setting,
};
use serde_json::{Value as Json, json};

use crate::{Client, ClientError, Collection, Entity, Path, Written};

/// Everything of one host.
#[derive(Clone, Debug)]
pub struct HostHandle {
    pub(crate) client: Client,
    pub(crate) path: Path,
}

impl HostHandle {
    pub(crate) fn new(client: Client, path: Path) -> Self {
        Self { client, path }
    }

    /// Returns its path, for what this crate has no word for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The host itself.
    pub fn entity(&self) -> Entity<Host> {
        Entity::new(self.client.clone(), self.path.clone())
    }

    /// Its settings.
    pub fn settings(&self) -> Collection<Setting> {
        Collection::new(self.client.clone(), self.path.join("settings"))
    }

    /// The platform under it.
    pub fn platform(&self) -> Entity<PlatformContext> {
        Entity::new(self.client.clone(), self.path.join("platform"))
    }

    /// The distribution under it.
    pub fn distribution(&self) -> Entity<DistributionContext> {
        Entity::new(self.client.clone(), self.path.join("distribution"))
    }

    /// Its applications.
    pub fn applications(&self) -> Collection<ApplicationContext> {
        Collection::new(self.client.clone(), self.path.join("applications"))
    }

    /// Settings of one of its applications.
    pub fn application_settings(&self, application: &str) -> Collection<Setting> {
        Collection::new(
            self.client.clone(),
            self.path.join("applications").join(application).join("settings"),
        )
    }

    /// Installs an application with settings of its own.
    pub async fn install<K: Into<String>>(
        &self,
        application: &str,
        settings: impl IntoIterator<Item = (K, Json)>,
    ) -> Result<Written<ApplicationContext>, ClientError> {
        let settings: Vec<Json> =
            settings.into_iter().map(|(key, value)| json!({ "key": key.into(), "value": value })).collect();
        self.applications().create(&json!({ "application": application, "settings": settings })).await
    }

    /// Uninstalls an application.
    pub async fn uninstall(&self, application: &str) -> Result<Written<()>, ClientError> {
        self.applications().entity(application).delete().await
    }

    /// Tells which level the value comes from that is in force for an application.
    pub async fn origin(&self, application: &str, key: &str) -> Result<OriginSetting, ClientError> {
        let path = self.path.join("applications").join(application).join("origin-settings").join(key);
        self.client.get(&path).await
    }

    /// Renders a file of an application as it would be sent.
    pub async fn render(&self, application: &str, file: &str) -> Result<Bytes, ClientError> {
        let path = self.path.join("applications").join(application).join("files").join(file);
        self.client.get_bytes(&path).await
    }

    /// Renders a file of an application again and sends it.
    pub async fn update_file(&self, application: &str, file: &str) -> Result<Written<()>, ClientError> {
        let path = self.path.join("applications").join(application).join("files").join(file).join("_update");
        self.client.act(&path).await
    }

    /// Restarts a service of an application.
    pub async fn restart_service(
        &self,
        application: &str,
        service: &str,
    ) -> Result<Written<()>, ClientError> {
        let path =
            self.path.join("applications").join(application).join("services").join(service).join("_restart");
        self.client.act(&path).await
    }

    /// Makes a service of an application as it is declared.
    pub async fn update_service(&self, application: &str, service: &str) -> Result<Written<()>, ClientError> {
        self.client.act(&self.part(application, "services", service).join("_update")).await
    }

    /// Has a service of an application start with the machine from now on.
    pub async fn enable_service(&self, application: &str, service: &str) -> Result<Written<()>, ClientError> {
        self.client.act(&self.part(application, "services", service).join("_enable")).await
    }

    /// Has a service of an application not start with the machine from now on.
    pub async fn disable_service(
        &self,
        application: &str,
        service: &str,
    ) -> Result<Written<()>, ClientError> {
        self.client.act(&self.part(application, "services", service).join("_disable")).await
    }

    /// Makes a package of an application as it is declared.
    pub async fn install_package(
        &self,
        application: &str,
        package: &str,
    ) -> Result<Written<()>, ClientError> {
        self.client.act(&self.part(application, "packages", package).join("_install")).await
    }

    /// Brings a package of an application to a version; to the declared one if none is given.
    pub async fn update_package(
        &self,
        application: &str,
        package: &str,
        release: Option<&str>,
    ) -> Result<Written<()>, ClientError> {
        let path = self.part(application, "packages", package).join("_update");
        let path = match release {
            Some(release) => path.with("release", release),
            None => path,
        };
        self.client.act(&path).await
    }

    /// Runs a named handler of an application; returns the key of the change that it made.
    pub async fn run_handler(
        &self,
        application: &str,
        handler: &str,
    ) -> Result<Written<String>, ClientError> {
        let path =
            self.path.join("applications").join(application).join("handler").join(handler).join("_run");
        self.client.act_for_text(&path).await
    }

    /// Asks what would happen, without anything happening.
    pub async fn plan(&self, body: &Json) -> Result<Plan, ClientError> {
        Ok(self.client.post(&self.path.join("_plan"), body).await?.entity)
    }

    /// Has its machine made, or waits for it to enrol.
    pub async fn provision(&self) -> Result<Written<Instance>, ClientError> {
        self.client.post(&self.path.join("instance"), &json!({})).await
    }

    /// Its machine.
    pub fn instance(&self) -> Entity<Instance> {
        Entity::new(self.client.clone(), self.path.join("instance"))
    }

    /// Drops the link to its machine and leaves the machine alone.
    pub async fn forget_instance(&self) -> Result<Written<()>, ClientError> {
        self.client.act(&self.path.join("instance").join("_forget")).await
    }

    /// Its changes, also those that ended if asked for.
    pub async fn changes(&self, also_ended: bool) -> Result<Vec<Change>, ClientError> {
        self.client.list(&self.path.join("changes").with("show_processed", also_ended)).await
    }

    /// One of its changes, by number or key.
    pub fn change(&self, number_or_key: &str) -> Entity<Change> {
        Entity::new(self.client.clone(), self.path.join("changes").join(number_or_key))
    }

    /// Takes note of the changes that ended, and forgets those that wait if asked to.
    pub async fn clear_changes(&self, also_waiting: bool) -> Result<Written<()>, ClientError> {
        self.client.delete(&self.path.join("changes").with("processed_only", !also_waiting)).await
    }

    /// Its alerts.
    pub fn compliance(&self) -> Collection<ComplianceAlert> {
        Collection::new(self.client.clone(), self.path.join("compliance"))
    }

    /// Sends everything that is desired again.
    pub async fn rebuild(&self) -> Result<Written<()>, ClientError> {
        self.client.act(&self.path.join("compliance").join("_rebuild")).await
    }

    /// What plugins may do on it.
    pub async fn permissions(&self) -> Result<Vec<PluginPermission>, ClientError> {
        self.client.list(&self.path.join("permissions")).await
    }

    fn part(&self, application: &str, kind: &str, name: &str) -> Path {
        self.path.join("applications").join(application).join(kind).join(name)
    }
}

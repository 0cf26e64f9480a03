//! Plugins, their components and where they are active.

use async_trait::async_trait;
use hostwright_model::ids::{AgentId, OrganizationId, PluginId};
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginStanding};

use crate::Error;

/// Plugins, their components and where they are active. Plugins belong to the site, activations to organizations.
#[async_trait]
pub trait Plugins {
    /// Stores a new version of a plugin with its component; [`Error::Taken`] if there is that version.
    async fn insert_plugin(&mut self, plugin: &Plugin, component: &[u8]) -> Result<(), Error>;

    /// Finds one by id.
    async fn plugin(&mut self, id: PluginId) -> Result<Option<Plugin>, Error>;

    /// Finds one by `publisher/name` and version.
    async fn plugin_by_version(&mut self, plugin: &str, version: &str) -> Result<Option<Plugin>, Error>;

    /// Lists all, by `publisher/name` and age.
    async fn plugins(&mut self) -> Result<Vec<Plugin>, Error>;

    /// Finds a component by digest (`sha256:` and hex).
    async fn component(&mut self, digest: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Finds a part of a component if it is active where the agent is: the size of the whole, and at most `length` bytes
    /// from `offset`.
    async fn component_part_for_agent(
        &mut self,
        agent: AgentId,
        digest: &str,
        offset: u64,
        length: u64,
    ) -> Result<Option<(u64, Vec<u8>)>, Error>;

    /// Deletes a version; [`Error::InUse`] while it is active anywhere. Says whether it was there.
    async fn delete_plugin(&mut self, id: PluginId) -> Result<bool, Error>;

    /// Makes a plugin serve, in place of what served before, and gives the activation the next generation, which it
    /// returns and sets.
    async fn activate_plugin(&mut self, activation: &mut PluginActivation) -> Result<u64, Error>;

    /// Makes nothing serve a collection or platform; returns the new generation, or nothing if nothing served.
    async fn deactivate_plugin(
        &mut self,
        organization: OrganizationId,
        serves: &PluginKind,
    ) -> Result<Option<u64>, Error>;

    /// Lists what is active in an organization, by what it serves.
    async fn activations(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<(PluginActivation, Plugin)>, Error>;

    /// Returns the organization's activation generation; 0 before the first.
    async fn activation_generation(&mut self, organization: OrganizationId) -> Result<u64, Error>;

    /// Stores what an agent says of a plugin, in place of what it said before.
    async fn put_plugin_standing(&mut self, standing: &PluginStanding) -> Result<(), Error>;

    /// Lists what an agent said of plugins, by name.
    async fn plugin_standings(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
    ) -> Result<Vec<PluginStanding>, Error>;
}

//! Plugins: registering them with the site, and letting them serve organizations.
//!
//! An activation is one statement of everything that serves an organization, under a rising generation; a rollback is a
//! new one. It goes to every agent of the organization that a person has taken in.

use hostwright_manifest::grants::Grants;
use hostwright_model::agent::Agent;
use hostwright_model::event::Occurrence;
use hostwright_model::host::Host;
use hostwright_model::ids::AgentId;
use hostwright_model::organization::Organization;
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginSignature};
use hostwright_protocol::messages::{Activation, ActivePlugin, ToAgent};
use hostwright_store::NewMessage;

use super::{HostPath, OperationError, Work, hosts};
use crate::registry::{self, Examined};

/// How long an activation is good: until the next one.
const ACTIVATION_DAYS: i64 = 3650;

/// A new version of a plugin.
#[derive(Clone, Debug)]
pub struct RegisterPlugin {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// The publisher's detached signature, in base64.
    pub signature: Option<String>,
    /// How it came here.
    pub origin: Origin,
}

/// How a plugin came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// With this installation.
    Shipped,
    /// Somebody brought it.
    Uploaded,
}

/// A plugin that is to serve an organization.
#[derive(Clone, Debug)]
pub struct ActivatePlugin {
    /// `publisher/name`.
    pub plugin: String,
    /// Which version; nothing: the latest that was registered.
    pub version: Option<String>,
    /// What it may do; nothing: what it asks for.
    pub grants: Option<Grants>,
}

/// A plugin that serves an organization.
#[derive(Clone, Debug)]
pub struct ActiveView {
    /// As which, with what grants.
    pub activation: PluginActivation,
    /// Which.
    pub plugin: Plugin,
}

/// Lists every version of every plugin, by name and age.
pub async fn list_plugins(work: &mut Work) -> Result<Vec<Plugin>, OperationError> {
    Ok(work.tx.plugins().await?)
}

/// Finds one version of a plugin.
pub async fn find_plugin(work: &mut Work, plugin: &str, version: &str) -> Result<Plugin, OperationError> {
    let found = work.tx.plugin_by_version(plugin, version).await?;
    found.ok_or_else(|| OperationError::not_found("plugin", format!("{plugin} {version}")))
}

/// Registers a new version of a plugin, after looking at what it says of itself.
pub async fn register_plugin(work: &mut Work, input: RegisterPlugin) -> Result<Plugin, OperationError> {
    let RegisterPlugin { component, signature, origin } = input;
    let examined = registry::examine(&component, signature.as_deref(), work.app.trusted_keys());
    let Examined { manifest, text, kind, digest, signature } =
        examined.map_err(|error| OperationError::invalid("/file", error))?;
    let plugin = Plugin {
        id: work.fresh(),
        plugin: manifest.id.to_string(),
        version: manifest.version.to_string(),
        kind,
        digest,
        size: component.len() as u64,
        summary: manifest.summary.clone(),
        asked: manifest.asked(),
        manifest: text,
        signature,
        shipped: origin == Origin::Shipped,
        created_at: work.now(),
    };
    let taken = OperationError::taken("plugin", &format!("{} {}", plugin.plugin, plugin.version));
    work.tx.insert_plugin(&plugin, &component).await.map_err(taken)?;
    let occurrence =
        Occurrence::PluginRegistered { plugin: plugin.plugin.clone(), version: plugin.version.clone() };
    work.record(None, occurrence);
    Ok(plugin)
}

/// Lists what serves an organization, by collection or platform.
pub async fn list_active(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<ActiveView>, OperationError> {
    let active = work.tx.activations(organization.id).await?;
    Ok(active.into_iter().map(|(activation, plugin)| ActiveView { activation, plugin }).collect())
}

/// Lets a version of a plugin serve an organization, in place of what serves its collection or platform there. An older
/// version is as good as a newer one: that is how one goes back.
pub async fn activate_plugin(
    work: &mut Work,
    organization: &Organization,
    input: ActivatePlugin,
) -> Result<ActiveView, OperationError> {
    let ActivatePlugin { plugin, version, grants } = input;
    let plugin = match version {
        Some(version) => find_plugin(work, &plugin, &version).await?,
        None => latest(work, &plugin).await?,
    };
    if plugin.signature == PluginSignature::None {
        return Err(OperationError::conflict(format!(
            "plugin `{}` {} is not signed by a trusted publisher, so no agent would take it: upload it with a signature",
            plugin.plugin, plugin.version
        )));
    }
    let grants = grants.unwrap_or_else(|| plugin.asked.clone());
    grants.within(&plugin.asked).map_err(|error| OperationError::invalid("/grants", error))?;
    let activation = activate(work, organization, &plugin, grants).await?;
    send_activations(work, organization).await?;
    Ok(ActiveView { activation, plugin })
}

/// Lets nothing serve a collection or platform of an organization any more.
pub async fn deactivate_plugin(
    work: &mut Work,
    organization: &Organization,
    serves: &str,
) -> Result<(), OperationError> {
    let active = work.tx.activations(organization.id).await?;
    let kind =
        active.into_iter().map(|(activation, _)| activation.serves).find(|kind| kind.serves() == serves);
    let kind = kind.ok_or_else(|| OperationError::not_found("active plugin for", serves))?;
    if let Some(generation) = work.tx.deactivate_plugin(organization.id, &kind).await? {
        let occurrence = Occurrence::PluginDeactivated { serves: serves.to_owned(), generation };
        work.record(organization.id, occurrence);
        send_activations(work, organization).await?;
    }
    Ok(())
}

/// Lists what may be done on a host by the plugins that serve its organization; drivers do not run there.
pub async fn permissions_on_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Vec<ActiveView>, OperationError> {
    hosts::find_host(work, organization, path).await?;
    let active = list_active(work, organization).await?;
    Ok(active.into_iter().filter(|view| matches!(view.plugin.kind, PluginKind::Provider { .. })).collect())
}

/// Lets what came with this installation serve an organization; the newest version of each.
pub(crate) async fn activate_shipped(
    work: &mut Work,
    organization: &Organization,
) -> Result<(), OperationError> {
    for plugin in work.tx.plugins().await?.into_iter().filter(|plugin| plugin.shipped) {
        let grants = plugin.asked.clone();
        activate(work, organization, &plugin, grants).await?;
    }
    Ok(())
}

/// Lets a plugin that came with this installation serve every organization where nobody decided otherwise: where another
/// version of it serves, or nothing ever did.
pub(crate) async fn activate_everywhere(work: &mut Work, plugin: &Plugin) -> Result<(), OperationError> {
    for organization in work.tx.organizations().await? {
        let active = work.tx.activations(organization.id).await?;
        let serving = active.iter().find(|(activation, _)| activation.serves == plugin.kind);
        let is_own = serving.is_none_or(|(_, other)| other.plugin == plugin.plugin && other.shipped);
        if is_own {
            let grants = plugin.asked.clone();
            activate(work, &organization, plugin, grants).await?;
            send_activations(work, &organization).await?;
        }
    }
    Ok(())
}

/// Tells an agent what serves it, if it was never told: before its first change, or when a person took its host in.
pub(crate) async fn ensure_activated(
    work: &mut Work,
    agent: AgentId,
    host: &Host,
) -> Result<(), OperationError> {
    let lanes = work.tx.agent(host.organization, agent).await?;
    let Some(agent) = lanes else { return Ok(()) };
    if agent.lanes.sent == hostwright_protocol::messages::HighWater::default()
        || agent.lanes.sent.sequence == 0
    {
        return send_activation(work, &agent).await;
    }
    Ok(())
}

/// Puts the organization's activation into the lane of one agent.
pub(crate) async fn send_activation(work: &mut Work, agent: &Agent) -> Result<(), OperationError> {
    let generation = work.tx.activation_generation(agent.organization).await?;
    let plugins = work.tx.activations(agent.organization).await?;
    let plugins =
        plugins.into_iter().filter_map(|(activation, plugin)| to_message(activation, plugin)).collect();
    let message = NewMessage {
        id: work.fresh(),
        content: ToAgent::Activation(Activation { generation, plugins }),
        change: None,
        at: work.now(),
        expires_at: work.now() + chrono::TimeDelta::days(ACTIVATION_DAYS),
    };
    work.tx.append_message(agent.organization, agent.id, message).await?;
    work.wake(agent.id);
    Ok(())
}

/// Tells every agent of an organization; one that a person has not taken in yet is told when that happens.
async fn send_activations(work: &mut Work, organization: &Organization) -> Result<(), OperationError> {
    let mut agents = work.tx.agents(organization.id).await?;
    agents.retain(|agent| agent.is_trusted() && agent.lanes.sent.sequence > 0);
    // Hosts before lanes, and both in one order, as everywhere.
    agents.sort_by_key(|agent| agent.host);
    let hosts: Vec<_> = agents.iter().filter_map(|agent| agent.host).collect();
    work.tx.lock_hosts(organization.id, &hosts).await?;
    for agent in agents {
        send_activation(work, &agent).await?;
    }
    Ok(())
}

async fn activate(
    work: &mut Work,
    organization: &Organization,
    plugin: &Plugin,
    grants: Grants,
) -> Result<PluginActivation, OperationError> {
    let mut activation = PluginActivation {
        organization: organization.id,
        plugin: plugin.id,
        serves: plugin.kind.clone(),
        grants,
        generation: 0,
        activated_at: work.now(),
    };
    let generation = work.tx.activate_plugin(&mut activation).await?;
    let occurrence = Occurrence::PluginActivated {
        plugin: plugin.plugin.clone(),
        version: plugin.version.clone(),
        serves: plugin.kind.serves().to_owned(),
        generation,
    };
    work.record(organization.id, occurrence);
    Ok(activation)
}

async fn latest(work: &mut Work, name: &str) -> Result<Plugin, OperationError> {
    let plugins = work.tx.plugins().await?;
    let age = |plugin: &Plugin| (plugin.created_at, semver::Version::parse(&plugin.version).ok());
    let latest = plugins.into_iter().filter(|plugin| plugin.plugin == name).max_by_key(age);
    latest.ok_or_else(|| OperationError::not_found("plugin", name))
}

/// Drivers do not travel, and agents take only what is signed.
fn to_message(activation: PluginActivation, plugin: Plugin) -> Option<ActivePlugin> {
    let PluginKind::Provider { collection } = plugin.kind else { return None };
    let PluginSignature::Trusted { publisher_key, signature } = plugin.signature else { return None };
    Some(ActivePlugin {
        plugin: plugin.plugin,
        version: plugin.version,
        digest: plugin.digest,
        size: plugin.size,
        collection,
        grants: activation.grants,
        publisher_key,
        signature,
    })
}

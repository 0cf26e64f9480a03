//! Instances: looking at machines, and telling what is known of them.

use hostwright_model::agent::{Agent, Presence};
use hostwright_model::event::Occurrence;
use hostwright_model::instance::Instance;
use hostwright_model::organization::Organization;
use indexmap::IndexMap;

use super::{HostPath, OperationError, Work, hosts, provisioning};

/// A machine, and whether its agent is connected.
#[derive(Clone, Debug)]
pub struct InstanceView {
    /// Itself.
    pub instance: Instance,
    /// Its agent.
    pub agent: Option<Agent>,
}

impl InstanceView {
    /// Returns whether its agent is connected.
    pub fn presence(&self) -> Presence {
        self.agent.as_ref().map_or(Presence::Down, |agent| agent.presence)
    }
}

/// Finds the instance of a host.
pub async fn find_instance(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<InstanceView, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let instance = work.tx.instance(organization.id, host.id).await?;
    let instance =
        instance.ok_or_else(|| OperationError::not_found("instance", format!("of host {}", path.host)))?;
    let agent = work.tx.agent_of_host(organization.id, host.id).await?;
    Ok(InstanceView { instance, agent })
}

/// Tells what is known of a machine that exists already; makes the instance if there is none. The host is provisioned then,
/// as if the machine had been made for it: it is ready once an agent enrols.
pub async fn put_properties(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    properties: IndexMap<String, String>,
) -> Result<InstanceView, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    match work.tx.instance(organization.id, host.id).await? {
        Some(mut instance) => {
            instance.properties.extend(properties);
            work.tx.update_instance(&mut instance).await?;
        }
        None => {
            let mut host = hosts::locked(work, organization, host.id).await?;
            host.state = host.state.provision(work.now()).map_err(OperationError::conflict_of)?;
            provisioning::insert_pending(work, &host, properties).await?;
            provisioning::save_state(work, &host, path).await?;
        }
    }
    let occurrence = Occurrence::PropertiesReported { host: host.id, path: path.to_string() };
    work.record(organization.id, occurrence);
    find_instance(work, organization, path).await
}

/// Refuses destructive actions from now on, or allows them again.
pub async fn set_locked(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    locked: bool,
) -> Result<InstanceView, OperationError> {
    let InstanceView { mut instance, .. } = find_instance(work, organization, path).await?;
    if instance.locked != locked {
        instance.locked = locked;
        work.tx.update_instance(&mut instance).await?;
        let path = format!("{path}/instance");
        work.record(organization.id, Occurrence::Updated { kind: "instance".to_owned(), path });
    }
    find_instance(work, organization, path).await
}

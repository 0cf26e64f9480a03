//! A machine becomes an agent.

use hostwright_model::agent::{Agent, Lanes, Presence, Standing};
use hostwright_model::compile::Operation;
use hostwright_model::context::{Context, Installation, Subject};
use hostwright_model::enrolment_token::EnrolmentToken;
use hostwright_model::event::Occurrence;
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::HostId;
use hostwright_model::instance::{Instance, InstanceState};
use hostwright_model::names::HostName;
use hostwright_model::organization::Organization;
use hostwright_protocol::enrolment::MachineDescription;
use hostwright_protocol::keys::AgentPublicKeys;
use indexmap::IndexMap;

use super::{OperationError, Work, blueprints, hosts, ledger, plugins, sending};

/// What the platform of discovered machines is called.
const MANUAL: &str = "Manual";

/// Makes an agent of a machine that knows a token, and sends it everything that was recorded for its host.
///
/// A machine that lost the answer asks again with the same keys and gets the same answer; its token is not used up twice.
pub(crate) async fn enrol(
    work: &mut Work,
    token: &EnrolmentToken,
    keys: &AgentPublicKeys,
    machine: &MachineDescription,
) -> Result<Agent, OperationError> {
    let signing_key = keys.signing.to_bytes().to_vec();
    let organization = work.tx.organization(token.organization).await?;
    let organization =
        organization.ok_or_else(|| OperationError::not_found("organization", token.organization))?;
    let known = work.tx.agents(organization.id).await?;
    if let Some(agent) = known.into_iter().find(|agent| agent.signing_key == signing_key) {
        let same_place = token.host.is_none_or(|host| agent.host == Some(host));
        if agent.is_trusted() && same_place {
            return Ok(agent);
        }
        return Err(OperationError::conflict(
            "these keys were enrolled before and are revoked, or are another host's",
        ));
    }
    token.check(work.now()).map_err(OperationError::conflict_of)?;
    if !work.tx.use_enrolment_token(token.id, work.now()).await? {
        return Err(OperationError::conflict("the token was used as often as it may: make a new one"));
    }
    let mut host = match token.host {
        Some(host) => claim(work, &organization, host).await?,
        None => discover(work, &organization, token, machine).await?,
    };
    bring_up_instance(work, &host, machine).await?;
    let agent = Agent {
        id: work.fresh(),
        organization: organization.id,
        environment: host.environment,
        host: Some(host.id),
        signing_key,
        sealing_key: keys.sealing.to_bytes().to_vec(),
        version: String::new(),
        standing: Standing::Trusted,
        presence: Presence::Down,
        last_seen: None,
        lanes: Lanes::default(),
        created_at: work.now(),
    };
    work.tx.insert_agent(&agent).await?;
    let path = hosts::path_of(work, &host).await?.to_string();
    work.record(organization.id, Occurrence::AgentEnrolled { agent: agent.id, path: path.clone() });
    work.tx.save_host_state(&host).await?;
    let state = host.state.name().to_owned();
    work.record(organization.id, Occurrence::HostState { host: host.id, path, state });
    if token.host.is_some() {
        // A discovered machine gets no plugins before a person takes it in by installing something.
        plugins::send_activation(work, &agent).await?;
        send_recorded(work, &organization, &mut host, &agent).await?;
    }
    Ok(agent)
}

/// The host that a token names, ready to be this machine.
async fn claim(work: &mut Work, organization: &Organization, id: HostId) -> Result<Host, OperationError> {
    let mut host = hosts::locked(work, organization, id).await?;
    if work.tx.agent_of_host(organization.id, host.id).await?.is_some() {
        let reason = format!("host `{}` has an agent already: revoke it first", host.name);
        return Err(OperationError::Conflict { reason });
    }
    host.state = if host.state.is_provisioned() {
        // Another machine in the place of one that is not believed any more.
        HostState::Ready { since: work.now() }
    } else {
        host.state.enrol(work.now()).map_err(OperationError::conflict_of)?
    };
    host.generation = 0;
    Ok(host)
}

/// A new host for a machine that nobody has defined, named as it calls itself.
async fn discover(
    work: &mut Work,
    organization: &Organization,
    token: &EnrolmentToken,
    machine: &MachineDescription,
) -> Result<Host, OperationError> {
    let plain: String = machine.hostname.chars().filter(|character| *character != '/').take(150).collect();
    let name: HostName = plain.trim_start_matches('_').trim().parse().unwrap_or("discovered".parse()?);
    let mut host = Host {
        id: work.fresh(),
        organization: organization.id,
        environment: token.environment,
        name,
        description: "Discovered; nobody has taken it in yet".to_owned(),
        version: 1,
        state: HostState::Ready { since: work.now() },
        generation: 0,
        created_at: work.now(),
    };
    if work.tx.host_by_name(organization.id, host.environment, &host.name).await?.is_some() {
        host.name = hosts::free_name(work, &host).await?;
    }
    work.tx.insert_host(&host).await?;
    if let Some(platform) = work.tx.platform_by_name(organization.id, &MANUAL.parse()?).await? {
        let context = Context {
            id: work.fresh(),
            organization: organization.id,
            host: host.id,
            subject: Subject::Platform(platform.id),
            version: 1,
            created_at: work.now(),
        };
        work.tx.insert_context(&context).await?;
    }
    let path = hosts::path_of(work, &host).await?.to_string();
    work.record(organization.id, Occurrence::Created { kind: "host".to_owned(), path });
    Ok(host)
}

async fn bring_up_instance(
    work: &mut Work,
    host: &Host,
    machine: &MachineDescription,
) -> Result<(), OperationError> {
    let about = [
        ("hostname".to_owned(), machine.hostname.clone()),
        ("machine-id".to_owned(), machine.machine_id.clone()),
    ];
    match work.tx.instance(host.organization, host.id).await? {
        Some(mut instance) => {
            instance.state = InstanceState::Running;
            instance.properties.extend(about);
            work.tx.update_instance(&mut instance).await?;
        }
        None => {
            let instance = Instance {
                host: host.id,
                organization: host.organization,
                state: InstanceState::Running,
                handle: host.id.to_string(),
                locked: false,
                properties: IndexMap::from(about),
                version: 1,
                created_at: work.now(),
            };
            work.tx.insert_instance(&instance).await?;
        }
    }
    Ok(())
}

/// Compiles everything that was recorded for a host as its first change. What cannot be compiled does not keep the machine
/// from enrolling: the host says what is missing, and the first setting that helps, or a rebuild, sends it.
async fn send_recorded(
    work: &mut Work,
    organization: &Organization,
    host: &mut Host,
    agent: &Agent,
) -> Result<(), OperationError> {
    let loaded = blueprints::load(work, organization, host.clone()).await?;
    let recorded = loaded.recorded();
    if recorded.is_empty() {
        return Ok(());
    }
    let mut ledger = ledger::load(work, host).await?;
    match sending::compile(&loaded, &ledger, &Operation::Install { applications: &recorded }) {
        Ok(compiled) => {
            sending::send(work, host, agent.id, &mut ledger, compiled).await?;
            sending::mark(work, &loaded, &recorded, Installation::Installed).await
        }
        Err(OperationError::Internal(source)) => Err(OperationError::Internal(source)),
        Err(error) => {
            host.state =
                HostState::Error { since: work.now(), reason: format!("nothing was installed: {error}") };
            work.tx.save_host_state(host).await?;
            let path = hosts::path_of(work, host).await?.to_string();
            let state = host.state.name().to_owned();
            work.record(organization.id, Occurrence::HostState { host: host.id, path, state });
            Ok(())
        }
    }
}

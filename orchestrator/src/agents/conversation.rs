//! What an agent says, from the frame to its receipt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hostwright_bus::{Ack, Frame};
use hostwright_model::agent::{Agent, Lanes, Presence};
use hostwright_model::blob::BlobDigest;
use hostwright_model::event::{Actor, Occurrence};
use hostwright_protocol::envelope::{Envelope, Identity, KnownAgent, Meta, OpenError, open_from_agent};
use hostwright_protocol::ids::AgentId;
use hostwright_protocol::keys::VerifyingKey;
use hostwright_protocol::messages::{
    CHUNK_BYTES, Chunk, Fetch, Hello, HighWater, NoSuchBlob, Receipt, ToAgent, ToOrchestrator, Welcome,
};
use hostwright_store::{ParkedReport, Receiving};

use crate::app::App;
use crate::operations::{OperationError, Work, reports, resync};

/// How long a version may be.
const LONGEST_VERSION: usize = 100;

/// Epochs begin when one end is restored from a copy, so a copy is never behind by so many.
const FARTHEST_EPOCH: u64 = 1 << 20;

/// Reports of one agent that wait for an earlier one.
const MOST_PUT_ASIDE: u64 = 256;

/// Takes one frame. What cannot be stored is not acknowledged, so that it comes again.
pub(crate) async fn hear(app: &App, agent: AgentId, frame: &Frame, ack: Ack) {
    match heed(app, agent, frame).await {
        Ok(()) => ack.stored(),
        Err(error) => {
            tracing::warn!(agent.id = %agent, error = &error as &dyn std::error::Error, "a message of agent {agent} could not be taken");
        }
    }
}

/// The agent's session is over. Returns whether that could be noted.
pub(super) async fn end(app: &App, agent: AgentId) -> bool {
    app.plans().give_up(agent);
    app.relay().disconnected(agent);
    match note_presence(app, agent, Presence::Down).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(agent.id = %agent, error = &error as &dyn std::error::Error, "it could not be noted that agent {agent} is gone");
            false
        }
    }
}

async fn heed(app: &App, id: AgentId, frame: &Frame) -> Result<(), OperationError> {
    let mut look = app.look(Actor::System).await?;
    let agent = look.tx.agent_by_id(id).await?.filter(Agent::is_trusted);
    drop(look);
    let Some(agent) = agent else {
        tracing::warn!(agent.id = %id, "ignored a message of agent {id}, which is unknown or revoked");
        app.relay().dismissed(id);
        return Ok(());
    };
    let Ok(signing) = VerifyingKey::from_bytes(&agent.signing_key) else {
        return Err(OperationError::internal(format!("the stored key of agent {id} is no key")));
    };
    let identity = Identity { organization: agent.organization, agent: id };
    let envelope = match open_from_agent(&KnownAgent { identity, signing }, frame, app.clock().now()) {
        Ok(envelope) => envelope,
        Err(error) => return pass_over(app, identity, error).await,
    };
    let Envelope { meta, message } = envelope;
    match message {
        ToOrchestrator::Hello(hello) => greet(app, identity, hello).await,
        ToOrchestrator::Receipt(Receipt { stored }) => {
            app.relay().receipted(id, stored);
            Ok(())
        }
        ToOrchestrator::Fetch(fetch) => give(app, identity, fetch).await,
        ToOrchestrator::PlanResult(result) => {
            app.plans().answer(id, result);
            Ok(())
        }
        report => take(app, identity, &meta, Some(report)).await,
    }
}

/// What is signed and has its place, but cannot be understood or comes too late, is counted, so that the lane goes on.
async fn pass_over(app: &App, identity: Identity, error: OpenError) -> Result<(), OperationError> {
    tracing::warn!(agent.id = %identity.agent, error = &error as &dyn std::error::Error, "refused a message of agent {}", identity.agent);
    match error {
        OpenError::Expired { meta, .. }
        | OpenError::UnknownKind { meta, .. }
        | OpenError::Body { meta, .. }
            if !meta.is_transient() =>
        {
            take(app, identity, &meta, None).await
        }
        _ => Ok(()),
    }
}

/// Takes an ordered report: applied if it is the next, put aside if it is early, passed over if it was applied before. In
/// every case the agent learns how far everything is stored.
async fn take(
    app: &App,
    identity: Identity,
    meta: &Meta,
    report: Option<ToOrchestrator>,
) -> Result<(), OperationError> {
    let mut work = app.begin(Actor::Agent { agent: identity.agent }).await?;
    lock_host(&mut work, identity).await?;
    let receiving = work.tx.receive_report(identity.agent, meta.place(), meta.previous).await?;
    let Some(agent) = work.tx.agent(identity.organization, identity.agent).await?.filter(Agent::is_trusted)
    else {
        return Ok(());
    };
    match receiving {
        None => return Ok(()),
        Some(Receiving::Past) => {}
        Some(Receiving::Early) => {
            if !is_near(meta.place(), agent.lanes.received) {
                tracing::warn!(agent.id = %identity.agent, "agent {} is far ahead of what was stored of it; it has to say that again", identity.agent);
                return Ok(());
            }
            if let Some(report) = report {
                let parked =
                    ParkedReport { place: meta.place(), previous: meta.previous, id: meta.id, report };
                work.tx.park_report(identity.agent, &parked).await?;
            }
        }
        Some(Receiving::Next) => {
            if let Some(report) = report {
                reports::apply(&mut work, &agent, report).await?;
            }
            while let Some(ParkedReport { report: parked, .. }) =
                work.tx.take_parked_report(identity.agent).await?
            {
                reports::apply(&mut work, &agent, parked).await?;
            }
        }
    }
    let now = work.now();
    work.tx.save_presence(identity.agent, Presence::Up, Some(now)).await?;
    let stored = received(&mut work, identity).await?;
    work.commit().await?;
    answer(app, identity, ToAgent::Receipt(Receipt { stored })).await;
    Ok(())
}

/// The host before the agent, as in every write: two who lock the same in different orders wait for each other for ever.
async fn lock_host(work: &mut Work, identity: Identity) -> Result<(), OperationError> {
    let agent = work.tx.agent(identity.organization, identity.agent).await?;
    if let Some(host) = agent.and_then(|agent| agent.host) {
        work.tx.lock_hosts(identity.organization, &[host]).await?;
    }
    Ok(())
}

async fn received(work: &mut Work, identity: Identity) -> Result<HighWater, OperationError> {
    let agent = work.tx.agent(identity.organization, identity.agent).await?;
    Ok(agent.map(|agent| agent.lanes.received).unwrap_or_default())
}

/// A session begins: both ends say how far they are, and what is missing is sent again.
async fn greet(app: &App, identity: Identity, hello: Hello) -> Result<(), OperationError> {
    let Hello { nonce, version, received, sent: _ } = hello;
    let mut work = app.begin(Actor::Agent { agent: identity.agent }).await?;
    lock_host(&mut work, identity).await?;
    let Some(agent) = work.tx.agent(identity.organization, identity.agent).await? else { return Ok(()) };
    let now = work.now();
    let clean: String = version.chars().filter(|it| !it.is_control()).take(LONGEST_VERSION).collect();
    if clean != agent.version {
        work.tx.save_agent_version(identity.agent, &clean).await?;
    }
    work.tx.save_presence(identity.agent, Presence::Up, Some(now)).await?;
    if agent.presence != Presence::Up {
        let state = Presence::Up.name().to_owned();
        work.record(identity.organization, Occurrence::AgentPresence { agent: identity.agent, state });
    }
    match place_of(received, &agent.lanes) {
        Stored::Known => {
            work.tx.receipt_messages(identity.agent, received).await?;
        }
        Stored::BeingSaidAgain => {}
        Stored::SetBack => begin_anew(&mut work, &agent, received).await?,
        Stored::Impossible => {
            tracing::warn!(agent.id = %identity.agent, "agent {} claims to have stored {received:?}, which no orchestrator can have sent", identity.agent);
            return Ok(());
        }
    }
    let lanes = work.tx.agent(identity.organization, identity.agent).await?;
    let lanes = lanes.map(|agent| agent.lanes).unwrap_or_default();
    work.commit().await?;
    tracing::info!(agent.id = %identity.agent, agent.version = %clean, "agent {} is connected", identity.agent);
    let welcome = Welcome { nonce, received: lanes.received, sent: lanes.sent, time: app.clock().now() };
    answer(app, identity, ToAgent::Welcome(welcome)).await;
    app.relay().connected(identity, lanes.receipted);
    Ok(())
}

/// Whether a report may be put aside until those before it come. An agent says no more than a few ahead of its receipts, so
/// that only few are ever put aside.
fn is_near(early: HighWater, received: HighWater) -> bool {
    let before = if early.epoch == received.epoch { received.sequence } else { 0 };
    early.sequence.saturating_sub(before) <= MOST_PUT_ASIDE
}

/// What an agent says it has stored, held against what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// Where it can be.
    Known,
    /// One end was set back.
    SetBack,
    /// It was set back, and everything is on its way again already.
    BeingSaidAgain,
    /// Nobody's mistake explains it.
    Impossible,
}

fn place_of(received: HighWater, lanes: &Lanes) -> Stored {
    if received.epoch > lanes.sent.epoch.saturating_add(FARTHEST_EPOCH) {
        Stored::Impossible
    } else if received > lanes.sent {
        Stored::SetBack
    } else if received >= lanes.receipted {
        Stored::Known
    } else if lanes.receipted.epoch < lanes.sent.epoch {
        Stored::BeingSaidAgain
    } else {
        Stored::SetBack
    }
}

/// One end was set back: whoever is behind.
async fn begin_anew(work: &mut Work, agent: &Agent, received: HighWater) -> Result<(), OperationError> {
    tracing::warn!(
        agent.id = %agent.id,
        "agent {} has stored {received:?}, but was sent {:?} and has receipted {:?}: everything is said again",
        agent.id, agent.lanes.sent, agent.lanes.receipted
    );
    let host = match agent.host {
        Some(host) => work.tx.lock_hosts(agent.organization, &[host]).await?.pop(),
        None => None,
    };
    match host {
        Some(mut host) => resync::begin_anew(work, &mut host, agent.id, received).await,
        None => {
            work.tx.begin_epoch(agent.id, received.epoch).await?;
            Ok(())
        }
    }
}

/// Gives a part of a component or of content, if this agent was told of it.
async fn give(app: &App, identity: Identity, fetch: Fetch) -> Result<(), OperationError> {
    let Fetch { digest, offset } = fetch;
    let mut look = app.look(Actor::System).await?;
    let mut part = match digest.parse::<BlobDigest>() {
        Ok(parsed) => look.tx.blob_part_for_agent(identity.agent, parsed, offset, CHUNK_BYTES).await?,
        Err(_) => None,
    };
    if part.is_none() {
        part = look.tx.component_part_for_agent(identity.agent, &digest, offset, CHUNK_BYTES).await?;
    }
    drop(look);
    let message = match part {
        Some((size, bytes)) => ToAgent::Chunk(Chunk { digest, offset, size, data: STANDARD.encode(bytes) }),
        None => {
            tracing::warn!(agent.id = %identity.agent, "agent {} asked for what it was not told of", identity.agent);
            ToAgent::NoSuchBlob(NoSuchBlob { digest })
        }
    };
    answer(app, identity, message).await;
    Ok(())
}

async fn note_presence(app: &App, id: AgentId, presence: Presence) -> Result<(), OperationError> {
    let mut work = app.begin(Actor::System).await?;
    let Some(agent) = work.tx.agent_by_id(id).await? else { return Ok(()) };
    if agent.presence != presence {
        work.tx.save_presence(id, presence, None).await?;
        let state = presence.name().to_owned();
        work.record(agent.organization, Occurrence::AgentPresence { agent: id, state });
    }
    work.commit().await
}

/// Says something that may be lost: the agent asks again.
async fn answer(app: &App, identity: Identity, message: ToAgent) {
    if let Err(error) = app.publisher().transient(identity, message).await {
        tracing::debug!(agent.id = %identity.agent, "agent {} could not be answered: {error}", identity.agent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_put_aside() {
        let place = |epoch, sequence| HighWater { epoch, sequence };
        assert!(is_near(place(1, 300), place(1, 44)) && !is_near(place(1, 301), place(1, 44)));
        assert!(is_near(place(2, 256), place(1, 4000)) && !is_near(place(2, 257), place(1, 4000)));
    }

    #[test]
    fn what_an_agent_has_stored_is_held_against_what_was_sent() {
        let place = |epoch, sequence| HighWater { epoch, sequence };
        let lanes = Lanes { sent: place(3, 9), receipted: place(3, 4), received: place(1, 1) };
        assert_eq!(place_of(place(3, 4), &lanes), Stored::Known);
        assert_eq!(place_of(place(3, 9), &lanes), Stored::Known);
        assert_eq!(place_of(place(3, 3), &lanes), Stored::SetBack);
        assert_eq!(place_of(place(0, 0), &lanes), Stored::SetBack);
        assert_eq!(place_of(place(4, 0), &lanes), Stored::SetBack);
        assert_eq!(place_of(place(u64::MAX, 1), &lanes), Stored::Impossible);
        let again = Lanes { sent: place(4, 1), ..lanes };
        assert_eq!(place_of(place(0, 0), &again), Stored::BeingSaidAgain, "it is said again once");
        assert_eq!(place_of(place(3, 4), &again), Stored::Known);
    }
}

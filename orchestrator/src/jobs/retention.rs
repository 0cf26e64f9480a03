//! Ends what is overdue and forgets what is old.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_model::agent::{Agent, Presence};
use hostwright_model::change::{Change, ChangeEnding, ChangeState};
use hostwright_model::event::Actor;
use hostwright_model::ids::{ChangeId, OrganizationId};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::operations::{OperationError, changes};

/// How often.
const INTERVAL: Duration = Duration::from_mins(1);
/// How long word of a change that was begun just in time may be under way.
const UNDERWAY: TimeDelta = TimeDelta::minutes(5);
/// How many overdue changes are looked at at once.
const AT_ONCE: u32 = 1_000;

/// Ends what is overdue and forgets what is old, now and then, until it is told to stop.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = interval.tick() => {}
        }
        if let Err(error) = once(&app).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what is overdue could not be ended; it is tried again"
            );
        }
    }
}

/// Does everything once.
pub async fn once(app: &App) -> Result<(), OperationError> {
    forget(app).await?;
    let mut look = app.look(Actor::System).await?;
    let now = app.clock().now();
    let overdue = look.tx.overdue_changes(now, now - app.config().limits.action_expiry(), AT_ONCE).await?;
    drop(look);
    for (organization, change) in overdue {
        expire(app, organization, change).await?;
    }
    Ok(())
}

async fn forget(app: &App) -> Result<(), OperationError> {
    let retention = app.config().retention;
    let mut work = app.begin(Actor::System).await?;
    let now = work.now();
    work.tx.prune_events(now - retention.events()).await?;
    work.tx.prune_idempotency_keys(now - retention.idempotency()).await?;
    work.commit().await
}

/// Ends one change that is past its time.
///
/// One that was not sent expires here. One that was sent is the agent's to judge, but an agent that never comes back judges
/// nothing: after a while its end is presumed. If the agent comes back after all, it refuses what it has not begun, by its
/// own rule, and what it tells of the rest counts.
async fn expire(app: &App, organization: OrganizationId, id: ChangeId) -> Result<(), OperationError> {
    let mut work = app.begin(Actor::System).await?;
    let Some(change) = work.tx.change_alone(organization, id).await? else { return Ok(()) };
    let Some(mut host) = work.tx.lock_hosts(organization, &[change.host]).await?.pop() else { return Ok(()) };
    let agent = work.tx.agent_of_host(organization, host.id).await?;
    let Some(change) = work.tx.change(organization, id).await?.filter(|change| change.state.is_open()) else {
        return Ok(());
    };
    let agent_id = agent.as_ref().map(|agent| agent.id);
    let is_unsent =
        changes::give_up(&mut work, &mut host, agent_id, change.clone(), ChangeEnding::Expired).await?;
    let reason = if is_unsent {
        "it was not begun in time".to_owned()
    } else if is_lost(&change, agent.as_ref(), work.now(), app.config().limits.action_expiry()) {
        changes::presume_ended(&mut work, &mut host, agent_id, change.clone()).await?
    } else {
        return Ok(());
    };
    let open = work.tx.open_changes(organization, host.id).await?;
    let reason = format!("{}: {reason}", change.description);
    let ended = host.state.clone().end_update(work.now(), !open.is_empty(), Some(reason));
    if let Ok(state) = ended {
        host.state = state;
        work.tx.save_host_state(&host).await?;
    }
    tracing::info!(change.id = %id, host.id = %host.id, "change `{}` of `{}` is past its time", change.description, host.name);
    work.commit().await
}

/// Whether a change that was sent will not be heard of: the agent would have begun it by now, or is silent over it.
fn is_lost(change: &Change, agent: Option<&Agent>, now: DateTime<Utc>, patience: TimeDelta) -> bool {
    match change.state {
        ChangeState::Pending => now >= change.expires_at + UNDERWAY,
        _ => agent.is_none_or(|agent| {
            agent.presence == Presence::Down && agent.last_seen.is_none_or(|seen| seen <= now - patience)
        }),
    }
}

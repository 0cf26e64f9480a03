//! Ends what is overdue and forgets what is old.

use std::time::Duration;

use hostwright_model::change::ChangeEnding;
use hostwright_model::event::Actor;
use hostwright_model::ids::{ChangeId, OrganizationId};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::operations::{OperationError, changes};

/// How often.
const INTERVAL: Duration = Duration::from_mins(1);
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
    let overdue = look.tx.overdue_changes(app.clock().now(), AT_ONCE).await?;
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

/// A change that was not sent expires here. One that was sent is the agent's to judge: it may have begun in time.
async fn expire(app: &App, organization: OrganizationId, id: ChangeId) -> Result<(), OperationError> {
    let mut work = app.begin(Actor::System).await?;
    let Some(change) = work.tx.change(organization, id).await? else { return Ok(()) };
    let Some(mut host) = work.tx.lock_hosts(organization, &[change.host]).await?.pop() else { return Ok(()) };
    let agent = work.tx.agent_of_host(organization, host.id).await?.map(|agent| agent.id);
    if !changes::give_up(&mut work, &mut host, agent, change.clone(), ChangeEnding::Expired).await? {
        return Ok(());
    }
    let open = work.tx.open_changes(organization, host.id).await?;
    let reason = format!("{}: it was not begun in time", change.description);
    let ended = host.state.clone().end_update(work.now(), !open.is_empty(), Some(reason));
    if let Ok(state) = ended {
        host.state = state;
        work.tx.save_host_state(&host).await?;
    }
    tracing::info!(change.id = %id, host.id = %host.id, "change `{}` of `{}` expired", change.description, host.name);
    work.commit().await
}

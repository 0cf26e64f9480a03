//! What happened, for those who watch and for those who look later.

use hostwright_model::event::Event;
use hostwright_model::organization::Organization;

use super::{OperationError, Work};

/// Lists what happened in an organization after an event, in order.
///
/// Whoever streams waits for [`App::commits`](crate::app::App::commits), looks now and then all the same, and asks again
/// from the last one seen.
pub async fn events_after(
    work: &mut Work,
    organization: &Organization,
    after: i64,
    limit: u32,
) -> Result<Vec<Event>, OperationError> {
    Ok(work.tx.events_after(Some(organization.id), after, limit).await?)
}

/// Lists what happened in an organization, the latest first.
pub async fn latest_events(
    work: &mut Work,
    organization: &Organization,
    offset: u32,
    limit: u32,
) -> Result<Vec<Event>, OperationError> {
    Ok(work.tx.latest_events(Some(organization.id), offset, limit).await?)
}

/// How far back events are kept, and the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRange {
    /// The oldest that is still there; nothing before the first.
    pub oldest: Option<i64>,
    /// The latest; 0 before the first.
    pub latest: i64,
}

/// Says which events are there, so that a reader who was away too long learns that something was missed.
pub async fn event_range(work: &mut Work) -> Result<EventRange, OperationError> {
    let oldest = work.tx.oldest_event_id().await?;
    let latest = work.tx.latest_event_id().await?;
    Ok(EventRange { oldest, latest })
}

//! What happened.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::event::{Event, NewEvent};
use hostwright_model::ids::OrganizationId;

use crate::Error;

/// What happened.
#[async_trait]
pub trait Events {
    /// Records something with the rest of the transaction. It gets its number at the commit: then nothing with a lower
    /// number can still appear.
    fn append_event(&mut self, event: NewEvent);

    /// Lists what happened in an organization after an event, in order; `None`: in the site as a whole.
    async fn events_after(
        &mut self,
        organization: Option<OrganizationId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, Error>;

    /// Lists what happened in an organization, the latest first.
    async fn latest_events(
        &mut self,
        organization: Option<OrganizationId>,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Event>, Error>;

    /// Returns the number of the latest event of the site; 0 before the first.
    async fn latest_event_id(&mut self) -> Result<i64, Error>;

    /// Returns the number of the oldest event of the site that is still kept.
    async fn oldest_event_id(&mut self) -> Result<Option<i64>, Error>;

    /// Forgets what happened before; says how much.
    async fn prune_events(&mut self, before: DateTime<Utc>) -> Result<u64, Error>;
}

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::event::{Event, NewEvent};
use hostwright_model::ids::OrganizationId;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::event::{EventRow, write_actor, write_occurrence};
use crate::rows::stored;
use crate::{Error, Events};

#[async_trait]
impl Events for SqlTransaction {
    fn append_event(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    async fn events_after(
        &mut self,
        organization: Option<OrganizationId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        let select = query_as::<_, EventRow>(
            "SELECT * FROM events WHERE organization IS NOT DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(organization.map(|organization| organization.as_uuid()))
        .bind(after)
        .bind(i64::from(limit));
        self.list("events", select).await
    }

    async fn latest_events(
        &mut self,
        organization: Option<OrganizationId>,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        let select = query_as::<_, EventRow>(
            "SELECT * FROM events WHERE organization IS NOT DISTINCT FROM $1 ORDER BY id DESC LIMIT $2 OFFSET $3",
        )
        .bind(organization.map(|organization| organization.as_uuid()))
        .bind(i64::from(limit))
        .bind(i64::from(offset));
        self.list("events", select).await
    }

    async fn latest_event_id(&mut self) -> Result<i64, Error> {
        let select = query_as::<_, (i64,)>("SELECT value FROM counters WHERE name = 'events'");
        Ok(self.row("events", select).await?.map_or(0, |(id,)| id))
    }

    async fn oldest_event_id(&mut self) -> Result<Option<i64>, Error> {
        let select = query_as::<_, (Option<i64>,)>("SELECT MIN(id) FROM events");
        Ok(self.row("events", select).await?.and_then(|(id,)| id))
    }

    async fn prune_events(&mut self, before: DateTime<Utc>) -> Result<u64, Error> {
        self.run("events", query("DELETE FROM events WHERE happened_at < $1").bind(before)).await
    }
}

impl SqlTransaction {
    /// Numbers events under the counter's lock, which is held until the commit: a reader never sees a number before all
    /// lower ones. It is the last lock that a transaction takes, so nobody who holds it waits.
    pub(super) async fn write_events(&mut self, events: Vec<NewEvent>) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let count = stored(events.len() as u64);
        let take = query_as::<_, (i64,)>(
            "UPDATE counters SET value = value + $1 WHERE name = 'events' RETURNING value",
        )
        .bind(count);
        let (last,) = self.row("events", take).await?.unwrap_or((count,));
        for (id, event) in (last - count + 1..).zip(events) {
            let NewEvent { organization, actor, occurrence, at } = event;
            let insert = query(
                "INSERT INTO events (id, organization, actor, occurrence, happened_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id)
            .bind(organization.map(|organization| organization.as_uuid()))
            .bind(write_actor(&actor)?)
            .bind(write_occurrence(&occurrence)?)
            .bind(at);
            self.run("event", insert).await?;
        }
        Ok(())
    }
}

//! Open alerts: at most one for a resource.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{Compliance, ResourceRef, ResourceState, ToOrchestrator};
use sqlx::Row;

use super::database::{from_json, time_from_text, time_to_text, to_json};
use super::{Error, Transaction};
use crate::clock;

/// One open alert.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// As it was reported.
    pub state: ResourceState,
    /// Since when the resource is not as desired.
    pub since: DateTime<Utc>,
}

impl Transaction {
    /// Returns every open alert.
    pub async fn alerts(&mut self) -> Result<Vec<(ResourceRef, OpenAlert)>, Error> {
        let rows = sqlx::query("SELECT collection, id, state, since FROM alerts ORDER BY collection, id")
            .fetch_all(&mut *self.sql)
            .await?;
        rows.iter()
            .map(|row| {
                let reference = ResourceRef { collection: row.get("collection"), id: row.get("id") };
                let state = from_json(row.get("state"), "an alert")?;
                Ok((reference, OpenAlert { state, since: time_from_text(row.get("since"))? }))
            })
            .collect()
    }

    /// Returns the open alert of a resource.
    pub async fn alert(&mut self, reference: &ResourceRef) -> Result<Option<OpenAlert>, Error> {
        let row = sqlx::query("SELECT state, since FROM alerts WHERE collection = ? AND id = ?")
            .bind(&reference.collection)
            .bind(&reference.id)
            .fetch_optional(&mut *self.sql)
            .await?;
        row.map(|row| {
            let state = from_json(row.get("state"), "an alert")?;
            Ok(OpenAlert { state, since: time_from_text(row.get("since"))? })
        })
        .transpose()
    }

    /// Opens an alert or replaces what it says.
    pub async fn put_alert(&mut self, reference: &ResourceRef, alert: &OpenAlert) -> Result<(), Error> {
        sqlx::query("INSERT OR REPLACE INTO alerts (collection, id, state, since) VALUES (?, ?, ?, ?)")
            .bind(&reference.collection)
            .bind(&reference.id)
            .bind(to_json(&alert.state, "an alert")?)
            .bind(time_to_text(alert.since))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Closes the alert of a resource, if one is open, and says so.
    pub async fn close_alert_and_report(&mut self, reference: &ResourceRef) -> Result<(), Error> {
        if self.alert(reference).await?.is_none() {
            return Ok(());
        }
        self.close_alert(reference).await?;
        let compliant =
            Compliance { resource: reference.clone(), state: ResourceState::Compliant, at: clock::now() };
        self.report(&ToOrchestrator::Compliance(compliant)).await
    }

    /// Closes the alert of a resource.
    pub async fn close_alert(&mut self, reference: &ResourceRef) -> Result<(), Error> {
        sqlx::query("DELETE FROM alerts WHERE collection = ? AND id = ?")
            .bind(&reference.collection)
            .bind(&reference.id)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}

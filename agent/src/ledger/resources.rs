//! The resources of the desired set, and those that are leaving it.

use hostwright_protocol::messages::{Membership, ResourceRef};
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::database::{from_json, to_json};
use super::{Error, Transaction};

/// One resource that the agent was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Which.
    pub reference: ResourceRef,
    /// What is desired of it.
    pub attributes: Json,
    /// How far that has come.
    pub standing: Standing,
    /// Whether it is watched once it is applied.
    pub is_monitored: bool,
    /// Who declares it.
    pub membership: Membership,
    /// Nothing of it is shown.
    pub is_sensitive: bool,
    /// What was found when it was first applied.
    pub before: Before,
}

/// How far a resource has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Belongs to the desired set; was never applied with success.
    Accepted,
    /// Was applied; is judged when it is monitored.
    Applied,
    /// Does not belong to the desired set any more, and its removal has not succeeded yet.
    Leaving,
}

impl Standing {
    /// Returns whether the resource belongs to the desired set.
    pub const fn is_desired(self) -> bool {
        matches!(self, Self::Accepted | Self::Applied)
    }

    const fn as_text(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Applied => "applied",
            Self::Leaving => "leaving",
        }
    }

    fn from_text(text: &str) -> Self {
        match text {
            "applied" => Self::Applied,
            "leaving" => Self::Leaving,
            _ => Self::Accepted,
        }
    }
}

/// What was there before the agent first touched a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Before {
    /// Nobody looked yet.
    #[default]
    Unseen,
    /// Nothing: what is there is ours.
    Absent,
    /// These attributes: it was adopted.
    Present(Json),
}

impl Transaction {
    /// Returns every resource, by collection and id.
    pub async fn resources(&mut self) -> Result<Vec<Resource>, Error> {
        let rows =
            sqlx::query("SELECT * FROM resources ORDER BY collection, id").fetch_all(&mut *self.sql).await?;
        rows.iter().map(from_row).collect()
    }

    /// Returns one resource.
    pub async fn resource(&mut self, reference: &ResourceRef) -> Result<Option<Resource>, Error> {
        let row = sqlx::query("SELECT * FROM resources WHERE collection = ? AND id = ?")
            .bind(&reference.collection)
            .bind(&reference.id)
            .fetch_optional(&mut *self.sql)
            .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Stores a resource as it is given.
    pub async fn put_resource(&mut self, resource: &Resource) -> Result<(), Error> {
        let Resource { reference, attributes, standing, is_monitored, membership, is_sensitive, before } =
            resource;
        let (before, seen) = match before {
            Before::Unseen => (None, false),
            Before::Absent => (None, true),
            Before::Present(attributes) => (Some(to_json(attributes, "attributes")?), true),
        };
        sqlx::query(
            "INSERT OR REPLACE INTO resources
             (collection, id, attributes, standing, monitored, membership, sensitive, before, seen)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&reference.collection)
        .bind(&reference.id)
        .bind(to_json(attributes, "attributes")?)
        .bind(standing.as_text())
        .bind(is_monitored)
        .bind(to_json(membership, "a membership")?)
        .bind(is_sensitive)
        .bind(before)
        .bind(seen)
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    /// Stores what was found before the first effect on a resource; what is known already stays.
    pub async fn saw_before(&mut self, reference: &ResourceRef, before: &Before) -> Result<(), Error> {
        let Some(mut resource) = self.resource(reference).await? else { return Ok(()) };
        if resource.before == Before::Unseen {
            resource.before = before.clone();
            self.put_resource(&resource).await?;
        }
        Ok(())
    }

    /// Changes how far a resource has come.
    pub async fn set_standing(&mut self, reference: &ResourceRef, standing: Standing) -> Result<(), Error> {
        sqlx::query("UPDATE resources SET standing = ? WHERE collection = ? AND id = ?")
            .bind(standing.as_text())
            .bind(&reference.collection)
            .bind(&reference.id)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Forgets a resource.
    pub async fn forget_resource(&mut self, reference: &ResourceRef) -> Result<(), Error> {
        sqlx::query("DELETE FROM resources WHERE collection = ? AND id = ?")
            .bind(&reference.collection)
            .bind(&reference.id)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}

fn from_row(row: &SqliteRow) -> Result<Resource, Error> {
    let before = match (row.get::<bool, _>("seen"), row.get::<Option<String>, _>("before")) {
        (false, _) => Before::Unseen,
        (true, None) => Before::Absent,
        (true, Some(text)) => Before::Present(from_json(&text, "attributes")?),
    };
    Ok(Resource {
        reference: ResourceRef { collection: row.get("collection"), id: row.get("id") },
        attributes: from_json(row.get("attributes"), "attributes")?,
        standing: Standing::from_text(row.get("standing")),
        is_monitored: row.get("monitored"),
        membership: from_json(row.get("membership"), "a membership")?,
        is_sensitive: row.get("sensitive"),
        before,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::Ledger;

    #[tokio::test]
    async fn the_first_observation_before_an_effect_is_kept() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut tx = ledger.begin().await.unwrap();
        let reference = ResourceRef { collection: "files".into(), id: "/etc/motd".into() };
        tx.put_resource(&Resource {
            reference: reference.clone(),
            attributes: json!({"mode": "0644"}),
            standing: Standing::Accepted,
            is_monitored: true,
            membership: Membership::default(),
            is_sensitive: false,
            before: Before::Unseen,
        })
        .await
        .unwrap();
        let found = Before::Present(json!({"mode": "0600"}));
        tx.saw_before(&reference, &found).await.unwrap();
        tx.saw_before(&reference, &Before::Absent).await.unwrap();
        tx.set_standing(&reference, Standing::Applied).await.unwrap();
        let stored = tx.resource(&reference).await.unwrap().unwrap();
        assert_eq!((stored.before, stored.standing), (found, Standing::Applied));
    }
}

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::change::{Change, ChangeTask};
use hostwright_model::ids::{ChangeId, HostId, OrganizationId};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::SqlTransaction;
use crate::rows::change::{ChangeColumns, ChangeRow, TaskColumns, TaskRow, on_error};
use crate::rows::{loaded, stored, write_json};
use crate::{Changes, Error};

#[async_trait]
impl Changes for SqlTransaction {
    async fn insert_change(&mut self, change: &mut Change) -> Result<u64, Error> {
        let count = query_as::<_, (i64,)>(
            "UPDATE hosts SET last_change_number = last_change_number + 1 WHERE organization = $1 AND id = $2
             RETURNING last_change_number",
        )
        .bind(change.organization.as_uuid())
        .bind(change.host.as_uuid());
        let Some((number,)) = self.row("change", count).await? else {
            return Err(Error::InUse { what: "change" });
        };
        change.order_number = loaded("change", number)?;
        let ChangeColumns { state, began_at, ended_at, message, presumed } = (&change.state).into();
        let insert = query(
            "INSERT INTO changes (id, organization, host, order_number, description, kind, state, began_at, ended_at,
                 message, generation, follows, desired_digest, on_error, created_at, expires_at, presumed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(change.id.as_uuid())
        .bind(change.organization.as_uuid())
        .bind(change.host.as_uuid())
        .bind(number)
        .bind(&change.description)
        .bind(change.kind.name())
        .bind(state)
        .bind(began_at)
        .bind(ended_at)
        .bind(message)
        .bind(stored(change.generation))
        .bind(stored(change.follows))
        .bind(&change.desired_digest)
        .bind(on_error(change.on_error))
        .bind(change.created_at)
        .bind(change.expires_at)
        .bind(presumed);
        self.run("change", insert).await?;
        for task in &change.tasks {
            self.write_task(change.id, task).await?;
        }
        Ok(change.order_number)
    }

    async fn change(&mut self, organization: OrganizationId, id: ChangeId) -> Result<Option<Change>, Error> {
        let select = query_as::<_, ChangeRow>("SELECT * FROM changes WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        let row = self.row("change", select).await?;
        self.with_tasks(row).await
    }

    async fn change_by_number(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        order_number: u64,
    ) -> Result<Option<Change>, Error> {
        let select = query_as::<_, ChangeRow>(
            "SELECT * FROM changes WHERE organization = $1 AND host = $2 AND order_number = $3",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(stored(order_number));
        let row = self.row("change", select).await?;
        self.with_tasks(row).await
    }

    async fn changes(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        ended: bool,
    ) -> Result<Vec<Change>, Error> {
        let open = if ended { "" } else { " AND state IN ('PENDING', 'RUNNING')" };
        let which = format!("WHERE organization = $1 AND host = $2{open}");
        let select = format!("SELECT * FROM changes {which} ORDER BY order_number");
        let select = query_as::<_, ChangeRow>(&select).bind(organization.as_uuid()).bind(host.as_uuid());
        let rows = self.rows("changes", select).await?;
        let tasks = format!(
            "SELECT * FROM tasks WHERE change_id IN (SELECT id FROM changes {which}) ORDER BY change_id, number"
        );
        let tasks = query_as::<_, TaskRow>(&tasks).bind(organization.as_uuid()).bind(host.as_uuid());
        let mut tasks = self.rows("tasks", tasks).await?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let (own, others): (Vec<_>, Vec<_>) =
                tasks.into_iter().partition(|task| task.change_id == row.id);
            tasks = others;
            changes.push(
                row.with_tasks(own.into_iter().map(ChangeTask::try_from).collect::<Result<_, Error>>()?)?,
            );
        }
        Ok(changes)
    }

    async fn change_alone(
        &mut self,
        organization: OrganizationId,
        id: ChangeId,
    ) -> Result<Option<Change>, Error> {
        let select = query_as::<_, ChangeRow>("SELECT * FROM changes WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.row("change", select).await?.map(|row| row.with_tasks(Vec::new())).transpose()
    }

    async fn task(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        number: u32,
    ) -> Result<Option<ChangeTask>, Error> {
        let select = query_as::<_, TaskRow>(
            "SELECT * FROM tasks WHERE number = $3
             AND change_id = (SELECT id FROM changes WHERE organization = $1 AND id = $2)",
        )
        .bind(organization.as_uuid())
        .bind(change.as_uuid())
        .bind(i64::from(number));
        self.row("task", select).await?.map(ChangeTask::try_from).transpose()
    }

    async fn save_change_alone(&mut self, change: &Change) -> Result<(), Error> {
        let ChangeColumns { state, began_at, ended_at, message, presumed } = (&change.state).into();
        let update = query(
            "UPDATE changes SET state = $3, began_at = COALESCE($4, began_at), ended_at = $5, message = $6,
                 generation = $7, follows = $8, desired_digest = $9, expires_at = $10, presumed = $11
             WHERE organization = $1 AND id = $2",
        )
        .bind(change.organization.as_uuid())
        .bind(change.id.as_uuid())
        .bind(state)
        .bind(began_at)
        .bind(ended_at)
        .bind(message)
        .bind(stored(change.generation))
        .bind(stored(change.follows))
        .bind(&change.desired_digest)
        .bind(change.expires_at)
        .bind(presumed);
        if self.touch("change", update).await? { Ok(()) } else { Err(Error::Stale { what: "change" }) }
    }

    async fn save_change(&mut self, change: &Change) -> Result<(), Error> {
        self.save_change_alone(change).await?;
        let delete = query("DELETE FROM tasks WHERE change_id = $1").bind(change.id.as_uuid());
        self.run("tasks", delete).await?;
        for task in &change.tasks {
            self.write_task(change.id, task).await?;
        }
        Ok(())
    }

    async fn save_task(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        task: &ChangeTask,
    ) -> Result<(), Error> {
        let TaskColumns { state, outcome, ending, at } = TaskColumns::of(&task.state)?;
        let update = query(
            "UPDATE tasks SET state = $3, outcome = $4, ending = $5, state_at = $6
             WHERE number = $2 AND change_id = (SELECT id FROM changes WHERE organization = $7 AND id = $1)",
        )
        .bind(change.as_uuid())
        .bind(i64::from(task.task.number))
        .bind(state)
        .bind(outcome)
        .bind(ending)
        .bind(at)
        .bind(organization.as_uuid());
        if self.touch("task", update).await? { Ok(()) } else { Err(Error::Stale { what: "task" }) }
    }

    async fn delete_change(&mut self, organization: OrganizationId, id: ChangeId) -> Result<bool, Error> {
        let delete = query("DELETE FROM changes WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("change", delete).await
    }

    async fn overdue_changes(
        &mut self,
        now: DateTime<Utc>,
        silent_since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(OrganizationId, ChangeId)>, Error> {
        let select = query_as::<_, (Uuid, Uuid)>(
            "SELECT organization, id FROM changes WHERE expires_at <= $1 AND (state = 'PENDING' OR (state = 'RUNNING'
                 AND NOT EXISTS (SELECT 1 FROM agents WHERE agents.host = changes.host AND revoked_at IS NULL
                     AND (up OR last_seen > $2))))
             ORDER BY expires_at LIMIT $3",
        )
        .bind(now)
        .bind(silent_since)
        .bind(i64::from(limit));
        let rows = self.rows("changes", select).await?;
        let ids = rows
            .into_iter()
            .map(|(organization, id)| (OrganizationId::from_uuid(organization), ChangeId::from_uuid(id)));
        Ok(ids.collect())
    }
}

impl SqlTransaction {
    async fn write_task(&mut self, change: ChangeId, task: &ChangeTask) -> Result<(), Error> {
        let TaskColumns { state, outcome, ending, at } = TaskColumns::of(&task.state)?;
        let insert = query(
            "INSERT INTO tasks (change_id, number, task, state, outcome, ending, state_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(change.as_uuid())
        .bind(i64::from(task.task.number))
        .bind(write_json("task", &task.task)?)
        .bind(state)
        .bind(outcome)
        .bind(ending)
        .bind(at);
        self.run("task", insert).await?;
        Ok(())
    }

    async fn with_tasks(&mut self, row: Option<ChangeRow>) -> Result<Option<Change>, Error> {
        let Some(row) = row else { return Ok(None) };
        let select =
            query_as::<_, TaskRow>("SELECT * FROM tasks WHERE change_id = $1 ORDER BY number").bind(row.id);
        let tasks = self.list("tasks", select).await?;
        row.with_tasks(tasks).map(Some)
    }
}

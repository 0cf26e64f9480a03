use async_trait::async_trait;
use hostwright_model::ids::OrganizationId;
use hostwright_model::names::SettingKey;
use hostwright_model::setting::{Scope, Setting, SettingKind};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::SqlTransaction;
use crate::rows::setting::{SettingRow, VALUE};
use crate::rows::{loaded, write_json};
use crate::{Error, Settings};

#[async_trait]
impl Settings for SqlTransaction {
    async fn setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        key: &SettingKey,
    ) -> Result<Option<Setting>, Error> {
        let (level, owner) = scope.parts();
        let select = query_as::<_, SettingRow>(
            "SELECT * FROM settings WHERE organization = $1 AND level = $2 AND owner = $3 AND key = $4",
        )
        .bind(organization.as_uuid())
        .bind(level)
        .bind(owner)
        .bind(key.as_str());
        self.find("setting", select).await
    }

    async fn settings(&mut self, organization: OrganizationId, scope: Scope) -> Result<Vec<Setting>, Error> {
        let (level, owner) = scope.parts();
        let select = query_as::<_, SettingRow>(
            "SELECT * FROM settings WHERE organization = $1 AND level = $2 AND owner = $3 ORDER BY position",
        )
        .bind(organization.as_uuid())
        .bind(level)
        .bind(owner);
        self.list("settings", select).await
    }

    async fn all_settings(&mut self, organization: OrganizationId) -> Result<Vec<(Scope, Setting)>, Error> {
        let select = query_as::<_, SettingRow>(
            "SELECT * FROM settings WHERE organization = $1 ORDER BY level, owner, position",
        )
        .bind(organization.as_uuid());
        let rows = self.rows("settings", select).await?;
        rows.into_iter().map(|row| Ok((row.scope()?, row.try_into()?))).collect()
    }

    async fn put_setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        setting: &mut Setting,
    ) -> Result<(), Error> {
        let (level, owner) = scope.parts();
        let Setting { key, kind, schema, version, updated_at } = setting;
        let SettingKind::Value(value) = kind;
        let schema = schema.as_ref().map(|schema| write_json("setting", schema)).transpose()?;
        let put = query_as::<_, (i64,)>(
            "INSERT INTO settings (organization, level, owner, key, kind, value, schema, version, position, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1,
                 (SELECT COALESCE(MAX(position), 0) + 1 FROM settings
                  WHERE organization = $1 AND level = $2 AND owner = $3), $8)
             ON CONFLICT (organization, level, owner, key) DO UPDATE
             SET kind = excluded.kind, value = excluded.value, schema = excluded.schema,
                 updated_at = excluded.updated_at, version = settings.version + 1
             RETURNING version",
        )
        .bind(organization.as_uuid())
        .bind(level)
        .bind(owner)
        .bind(key.as_str())
        .bind(VALUE)
        .bind(write_json("setting", value)?)
        .bind(schema)
        .bind(*updated_at);
        if let Some((stored_version,)) = self.row("setting", put).await? {
            *version = loaded("setting", stored_version)?;
        }
        Ok(())
    }

    async fn delete_setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        key: &SettingKey,
    ) -> Result<bool, Error> {
        let (level, owner) = scope.parts();
        let delete =
            query("DELETE FROM settings WHERE organization = $1 AND level = $2 AND owner = $3 AND key = $4")
                .bind(organization.as_uuid())
                .bind(level)
                .bind(owner)
                .bind(key.as_str());
        self.touch("setting", delete).await
    }
}

impl SqlTransaction {
    /// Deletes settings and roles that stand at something that goes. No foreign key can say that they do, because they
    /// stand at many kinds of things.
    pub(super) async fn delete_what_stands_at(
        &mut self,
        level: &'static str,
        organization: OrganizationId,
        owner: Uuid,
    ) -> Result<(), Error> {
        for table in ["settings", "memberships"] {
            let delete = format!("DELETE FROM {table} WHERE organization = $1 AND level = $2 AND owner = $3");
            self.run("settings", query(&delete).bind(organization.as_uuid()).bind(level).bind(owner)).await?;
        }
        Ok(())
    }
}

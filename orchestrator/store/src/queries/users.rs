use async_trait::async_trait;
use hostwright_model::ids::{ApiKeyId, OrganizationId, UserId};
use hostwright_model::names::UserName;
use hostwright_model::user::{ApiKey, Membership, RoleScope, User};
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::stored;
use crate::rows::user::{ApiKeyRow, MembershipRow, UserRow};
use crate::{Error, Users};

#[async_trait]
impl Users for SqlTransaction {
    async fn insert_user(&mut self, user: &User) -> Result<(), Error> {
        let User { id, username, full_name, email, role, password, disabled, version, created_at } = user;
        let insert = query(
            "INSERT INTO users (id, username, full_name, email, role, password, disabled, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id.as_uuid())
        .bind(username.as_str())
        .bind(full_name)
        .bind(email)
        .bind(role.name())
        .bind(&password.0)
        .bind(disabled)
        .bind(stored(*version))
        .bind(created_at);
        self.run("user name or address", insert).await?;
        Ok(())
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        self.find("user", query_as::<_, UserRow>("SELECT * FROM users WHERE id = $1").bind(id.as_uuid()))
            .await
    }

    async fn user_by_name(&mut self, username: &UserName) -> Result<Option<User>, Error> {
        let select =
            query_as::<_, UserRow>("SELECT * FROM users WHERE username = $1").bind(username.as_str());
        self.find("user", select).await
    }

    async fn users(&mut self) -> Result<Vec<User>, Error> {
        self.list("users", query_as::<_, UserRow>("SELECT * FROM users ORDER BY username, id")).await
    }

    async fn update_user(&mut self, user: &mut User) -> Result<(), Error> {
        let User { id, username, full_name, email, role, password, disabled, version, created_at: _ } = user;
        let update = query(
            "UPDATE users SET username = $3, full_name = $4, email = $5, role = $6, password = $7, disabled = $8,
                 version = version + 1
             WHERE id = $1 AND version = $2",
        )
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(username.as_str())
        .bind(&*full_name)
        .bind(&*email)
        .bind(role.name())
        .bind(&password.0)
        .bind(*disabled);
        self.raise("user name or address", version, update).await
    }

    async fn delete_user(&mut self, id: UserId) -> Result<bool, Error> {
        self.touch("user", query("DELETE FROM users WHERE id = $1").bind(id.as_uuid())).await
    }

    async fn put_membership(&mut self, membership: &Membership) -> Result<(), Error> {
        let Membership { organization, user, scope, role } = membership;
        let (level, owner) = scope.parts();
        let put = query(
            "INSERT INTO memberships (organization, user_id, level, owner, role) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organization, user_id, level, owner) DO UPDATE SET role = excluded.role",
        )
        .bind(organization.as_uuid())
        .bind(user.as_uuid())
        .bind(level)
        .bind(owner)
        .bind(role.name());
        self.run("role", put).await?;
        Ok(())
    }

    async fn delete_membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        scope: RoleScope,
    ) -> Result<bool, Error> {
        let (level, owner) = scope.parts();
        let delete = query(
            "DELETE FROM memberships WHERE organization = $1 AND user_id = $2 AND level = $3 AND owner = $4",
        )
        .bind(organization.as_uuid())
        .bind(user.as_uuid())
        .bind(level)
        .bind(owner);
        self.touch("role", delete).await
    }

    async fn memberships(&mut self, organization: OrganizationId) -> Result<Vec<Membership>, Error> {
        let select = query_as::<_, MembershipRow>(
            "SELECT * FROM memberships WHERE organization = $1 ORDER BY user_id, level, owner",
        )
        .bind(organization.as_uuid());
        self.list("roles", select).await
    }

    async fn memberships_of_user(&mut self, user: UserId) -> Result<Vec<Membership>, Error> {
        let select = query_as::<_, MembershipRow>(
            "SELECT * FROM memberships WHERE user_id = $1 ORDER BY organization, level, owner",
        )
        .bind(user.as_uuid());
        self.list("roles", select).await
    }

    async fn insert_api_key(&mut self, key: &ApiKey) -> Result<(), Error> {
        let ApiKey { id, organization, name, key_digest, role, expires_at, created_at } = key;
        let insert = query(
            "INSERT INTO api_keys (id, organization, name, key_digest, role, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(name.as_str())
        .bind(key_digest)
        .bind(role.name())
        .bind(expires_at)
        .bind(created_at);
        self.run("API key name", insert).await?;
        Ok(())
    }

    async fn api_key_by_digest(&mut self, key_digest: &str) -> Result<Option<ApiKey>, Error> {
        let select =
            query_as::<_, ApiKeyRow>("SELECT * FROM api_keys WHERE key_digest = $1").bind(key_digest);
        self.find("API key", select).await
    }

    async fn api_keys(&mut self, organization: OrganizationId) -> Result<Vec<ApiKey>, Error> {
        let select =
            query_as::<_, ApiKeyRow>("SELECT * FROM api_keys WHERE organization = $1 ORDER BY name, id")
                .bind(organization.as_uuid());
        self.list("API keys", select).await
    }

    async fn delete_api_key(&mut self, organization: OrganizationId, id: ApiKeyId) -> Result<bool, Error> {
        let delete = query("DELETE FROM api_keys WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("API key", delete).await
    }
}

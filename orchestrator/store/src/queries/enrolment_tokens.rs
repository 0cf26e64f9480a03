use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::enrolment_token::EnrolmentToken;
use hostwright_model::ids::{EnrolmentTokenId, OrganizationId};
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::agent::TokenRow;
use crate::{EnrolmentTokens, Error};

#[async_trait]
impl EnrolmentTokens for SqlTransaction {
    async fn insert_enrolment_token(&mut self, token: &EnrolmentToken) -> Result<(), Error> {
        let EnrolmentToken {
            id,
            organization,
            environment,
            host,
            secret,
            uses_left,
            uses,
            expires_at,
            created_at,
        } = token;
        let insert = query(
            "INSERT INTO enrolment_tokens (id, organization, environment, host, secret, uses_left, uses, expires_at,
                 created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(environment.as_uuid())
        .bind(host.map(|host| host.as_uuid()))
        .bind(&secret.0)
        .bind(i64::from(*uses_left))
        .bind(i64::from(*uses))
        .bind(expires_at)
        .bind(created_at);
        self.run("enrolment token", insert).await?;
        Ok(())
    }

    async fn enrolment_token_by_id(&mut self, id: EnrolmentTokenId) -> Result<Option<EnrolmentToken>, Error> {
        let select =
            query_as::<_, TokenRow>("SELECT * FROM enrolment_tokens WHERE id = $1").bind(id.as_uuid());
        self.find("enrolment token", select).await
    }

    async fn enrolment_tokens(&mut self, organization: OrganizationId) -> Result<Vec<EnrolmentToken>, Error> {
        let select =
            query_as::<_, TokenRow>("SELECT * FROM enrolment_tokens WHERE organization = $1 ORDER BY id")
                .bind(organization.as_uuid());
        self.list("enrolment tokens", select).await
    }

    async fn use_enrolment_token(&mut self, id: EnrolmentTokenId, now: DateTime<Utc>) -> Result<bool, Error> {
        let update = query(
            "UPDATE enrolment_tokens SET uses_left = uses_left - 1
             WHERE id = $1 AND uses_left > 0 AND expires_at > $2",
        )
        .bind(id.as_uuid())
        .bind(now);
        self.touch("enrolment token", update).await
    }

    async fn delete_enrolment_token(
        &mut self,
        organization: OrganizationId,
        id: EnrolmentTokenId,
    ) -> Result<bool, Error> {
        let delete = query("DELETE FROM enrolment_tokens WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("enrolment token", delete).await
    }
}

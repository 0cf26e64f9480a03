use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{query, query_as};

use super::{SqlTransaction, dialect};
use crate::rows::{read_json, write_json};
use crate::{Error, IdempotencyKeys, Replay, StoredAnswer};

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

#[async_trait]
impl IdempotencyKeys for SqlTransaction {
    async fn replay(
        &mut self,
        caller: &str,
        key: &str,
        fingerprint: &str,
        at: DateTime<Utc>,
    ) -> Result<Replay, Error> {
        // Of two at once the second waits here until the first is committed or gone.
        let insert = query(
            "INSERT INTO idempotency_keys (caller, key, fingerprint, used_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (caller, key) DO NOTHING",
        )
        .bind(caller)
        .bind(key)
        .bind(fingerprint)
        .bind(at);
        if self.touch("idempotency key", insert).await? {
            return Ok(Replay::First);
        }
        let select = format!(
            "SELECT fingerprint, answer, body FROM idempotency_keys WHERE caller = $1 AND key = $2{}",
            dialect::FOR_UPDATE
        );
        let select = query_as::<_, (String, Option<String>, Option<Vec<u8>>)>(&select).bind(caller).bind(key);
        Ok(match self.row("idempotency key", select).await? {
            Some((other, ..)) if other != fingerprint => Replay::Different,
            Some((_, Some(head), body)) => {
                let Head { status, headers } = read_json("answer", &head)?;
                Replay::Answered(StoredAnswer { status, headers, body: body.unwrap_or_default() })
            }
            Some((_, None, _)) | None => Replay::First,
        })
    }

    async fn store_answer(&mut self, caller: &str, key: &str, answer: &StoredAnswer) -> Result<(), Error> {
        let StoredAnswer { status, headers, body } = answer;
        let head = write_json("answer", &Head { status: *status, headers: headers.clone() })?;
        let update =
            query("UPDATE idempotency_keys SET answer = $3, body = $4 WHERE caller = $1 AND key = $2")
                .bind(caller)
                .bind(key)
                .bind(head)
                .bind(body);
        self.run("idempotency key", update).await?;
        Ok(())
    }

    async fn prune_idempotency_keys(&mut self, before: DateTime<Utc>) -> Result<u64, Error> {
        let delete = query("DELETE FROM idempotency_keys WHERE used_at < $1").bind(before);
        self.run("idempotency keys", delete).await
    }
}

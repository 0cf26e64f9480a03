//! Reports until the orchestrator has stored them.

use chrono::{DateTime, Utc};
use hostwright_protocol::ids::EnvelopeId;
use hostwright_protocol::messages::{
    Compliance, HighWater, PluginReport, PluginState, ResourceState, TaskEnded, TaskOutcome, ToOrchestrator,
};
use serde_json::json;
use sqlx::Row;

use super::database::{from_integer, from_json, time_from_text, time_to_text, to_integer, to_json};
use super::{Error, Transaction};
use crate::clock;

/// Of a report's JSON, in bytes; a frame carries twice as much.
const LARGEST: usize = 512 * 1024;

/// One report in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Where it stands in the lane.
    pub at: HighWater,
    /// The same each time it is sent.
    pub envelope: EnvelopeId,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// What it says.
    pub message: ToOrchestrator,
}

impl Transaction {
    /// Appends a report.
    pub async fn report(&mut self, message: &ToOrchestrator) -> Result<(), Error> {
        let message = &fitting(message)?;
        let sent = self.lane().await?.sent;
        let at = HighWater { epoch: sent.epoch, sequence: sent.sequence + 1 };
        sqlx::query("INSERT INTO outbox (epoch, sequence, envelope, time, message) VALUES (?, ?, ?, ?, ?)")
            .bind(to_integer(at.epoch))
            .bind(to_integer(at.sequence))
            .bind(clock::new_id().to_string())
            .bind(time_to_text(clock::now()))
            .bind(to_json(message, "a report")?)
            .execute(&mut *self.sql)
            .await?;
        self.has_report = true;
        self.raise_sent(at).await
    }

    /// Returns the first report after a place.
    pub async fn report_after(&mut self, after: HighWater) -> Result<Option<Report>, Error> {
        let row = sqlx::query(
            "SELECT epoch, sequence, envelope, time, message FROM outbox
             WHERE epoch > ?1 OR (epoch = ?1 AND sequence > ?2) ORDER BY epoch, sequence LIMIT 1",
        )
        .bind(to_integer(after.epoch))
        .bind(to_integer(after.sequence))
        .fetch_optional(&mut *self.sql)
        .await?;
        row.map(|row| {
            let envelope: String = row.get("envelope");
            Ok(Report {
                at: HighWater {
                    epoch: from_integer(row.get("epoch")),
                    sequence: from_integer(row.get("sequence")),
                },
                envelope: envelope.parse().map_err(|e: uuid::Error| Error::malformed("an id")(e.into()))?,
                time: time_from_text(row.get("time"))?,
                message: from_json(row.get("message"), "a report")?,
            })
        })
        .transpose()
    }

    /// Forgets the reports that the orchestrator has stored.
    pub async fn receipted(&mut self, stored: HighWater) -> Result<(), Error> {
        sqlx::query("DELETE FROM outbox WHERE epoch < ?1 OR (epoch = ?1 AND sequence <= ?2)")
            .bind(to_integer(stored.epoch))
            .bind(to_integer(stored.sequence))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Returns how many reports wait.
    pub async fn report_count(&mut self) -> Result<u64, Error> {
        let row = sqlx::query("SELECT count(*) AS count FROM outbox").fetch_one(&mut *self.sql).await?;
        Ok(from_integer(row.get("count")))
    }

    /// Begins a new epoch and moves the waiting reports into it, because the orchestrator has stored more than this
    /// ledger remembers to have sent: the ledger is an older copy of itself.
    pub async fn begin_epoch(&mut self, epoch: u64) -> Result<(), Error> {
        let mut waiting = Vec::new();
        let mut after = HighWater::default();
        while let Some(report) = self.report_after(after).await? {
            after = report.at;
            waiting.push(report);
        }
        sqlx::query("DELETE FROM outbox").execute(&mut *self.sql).await?;
        self.raise_sent(HighWater { epoch, sequence: 0 }).await?;
        for report in waiting {
            self.report(&report.message).await?;
        }
        Ok(())
    }
}

/// A report that no frame can carry would hold up all that come after it, so it says less.
fn fitting(message: &ToOrchestrator) -> Result<ToOrchestrator, Error> {
    if to_json(message, "a report")?.len() <= LARGEST {
        return Ok(message.clone());
    }
    let mut message = message.clone();
    match &mut message {
        ToOrchestrator::TaskEnded(TaskEnded { outcome, .. }) => match outcome {
            TaskOutcome::Done { differences, message, .. } => {
                differences.clear();
                let message = message.get_or_insert_default();
                shorten(message);
                message.push_str(" (what was changed is too long to be shown)");
            }
            TaskOutcome::Failed { error } | TaskOutcome::Interrupted { error } => shorten(error),
            TaskOutcome::Skipped { .. } => {}
        },
        ToOrchestrator::Compliance(Compliance { state, .. }) => match state {
            ResourceState::Drifted(alert) => {
                alert.expected = json!({});
                alert.observed = json!({});
                alert.differences.clear();
            }
            ResourceState::Unreadable { error } => shorten(error),
            ResourceState::Compliant => {}
        },
        ToOrchestrator::PluginReport(PluginReport {
            state: PluginState::Refused { error } | PluginState::Idle { reason: error },
            ..
        }) => shorten(error),
        _ => {}
    }
    Ok(message)
}

/// Keeps the beginning, which says what failed, and the end, which says why.
fn shorten(text: &mut String) {
    let half = LARGEST / 16;
    if text.len() <= 2 * half {
        return;
    }
    let head = text.floor_char_boundary(half.min(text.len()));
    let tail = text.ceil_char_boundary(text.len().saturating_sub(half).max(head));
    text.replace_range(head..tail, "\n…\n");
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::messages::Facts;

    use super::*;
    use crate::ledger::Ledger;

    fn facts(name: &str) -> ToOrchestrator {
        let properties = std::iter::once(("hostname".to_owned(), name.to_owned())).collect();
        ToOrchestrator::Facts(Facts { properties })
    }

    #[tokio::test]
    async fn reports_keep_their_order_until_they_are_receipted() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut tx = ledger.begin().await.unwrap();
        for name in ["a", "b", "c"] {
            tx.report(&facts(name)).await.unwrap();
        }
        let first = tx.report_after(HighWater::default()).await.unwrap().unwrap();
        assert_eq!((first.at, &first.message), (HighWater { epoch: 1, sequence: 1 }, &facts("a")));
        tx.receipted(HighWater { epoch: 1, sequence: 2 }).await.unwrap();
        let left = tx.report_after(HighWater::default()).await.unwrap().unwrap();
        assert_eq!((left.at.sequence, &left.message), (3, &facts("c")));
        assert_eq!(tx.report_count().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_report_that_no_frame_carries_says_less() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut tx = ledger.begin().await.unwrap();
        let ended = |outcome: TaskOutcome| {
            ToOrchestrator::TaskEnded(TaskEnded {
                change: hostwright_protocol::ids::ChangeId::from_uuid(clock::new_id()),
                number: 0,
                outcome,
                at: clock::now(),
            })
        };
        let long = format!("first {} last", "x".repeat(2 * LARGEST));
        let done = TaskOutcome::Done { changed: true, differences: Vec::new(), message: Some(long.clone()) };
        let mut after = HighWater::default();
        for outcome in [TaskOutcome::Failed { error: long }, done] {
            tx.report(&ended(outcome)).await.unwrap();
            let report = tx.report_after(after).await.unwrap().unwrap();
            let text = serde_json::to_string(&report.message).unwrap();
            assert!(text.len() < LARGEST && text.contains("first") && text.contains("last"));
            after = report.at;
        }
    }

    #[tokio::test]
    async fn a_new_epoch_takes_the_waiting_reports_along() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut tx = ledger.begin().await.unwrap();
        tx.report(&facts("a")).await.unwrap();
        tx.report(&facts("b")).await.unwrap();
        tx.receipted(HighWater { epoch: 1, sequence: 1 }).await.unwrap();
        tx.begin_epoch(2).await.unwrap();
        let moved = tx.report_after(HighWater::default()).await.unwrap().unwrap();
        assert_eq!((moved.at, &moved.message), (HighWater { epoch: 2, sequence: 1 }, &facts("b")));
        assert_eq!(tx.lane().await.unwrap().sent, HighWater { epoch: 2, sequence: 1 });
    }
}

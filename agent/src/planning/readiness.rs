//! Whether the plugins that a plan is to be asked of are there.

use tokio::sync::watch;

use crate::ledger::{self, Ledger};

/// Waits until the machine has plugins, and those that came last are in force: a change, too, waits for that.
///
/// A freshly enrolled machine is asked for a plan before its first activation has come, or while it is being settled.
pub(super) async fn plugins_are_ready(
    ledger: &Ledger,
    mut settled: watch::Receiver<u64>,
) -> Result<(), ledger::Error> {
    loop {
        settled.mark_unchanged();
        let mut tx = ledger.begin().await?;
        if tx.activation_generation().await? > 0 && tx.waiting_activations().await?.is_empty() {
            return Ok(());
        }
        drop(tx);
        if settled.changed().await.is_err() {
            // Nobody settles activations any more: the agent ends.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hostwright_protocol::messages::{Activation, HighWater, ToAgent};
    use tokio::time::timeout;

    use super::*;
    use crate::ledger::Received;

    const SOON: Duration = Duration::from_millis(50);
    const LATE: Duration = Duration::from_secs(20);

    async fn receive(ledger: &Ledger, at: HighWater, generation: u64) {
        let message = ToAgent::Activation(Activation { generation, plugins: Vec::new() });
        let mut tx = ledger.begin().await.unwrap();
        tx.receive(&Received { at, message }).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn settle(ledger: &Ledger, at: HighWater, generation: u64) {
        let mut tx = ledger.begin().await.unwrap();
        tx.activate(generation, &[]).await.unwrap();
        tx.settle(at).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn the_first_plugins_and_the_latest_are_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&directory.path().join("ledger.db")).await.unwrap();
        let (settled, waiting) = watch::channel(0);
        for generation in 1..=2 {
            let at = HighWater { epoch: 1, sequence: generation };
            let ready = tokio::spawn({
                let (ledger, waiting) = (ledger.clone(), waiting.clone());
                // The second is on its way already when the question comes.
                if generation > 1 {
                    receive(&ledger, at, generation).await;
                }
                async move { plugins_are_ready(&ledger, waiting).await }
            });
            tokio::pin!(ready);
            assert!(timeout(SOON, &mut ready).await.is_err(), "nothing serves yet");
            if generation == 1 {
                receive(&ledger, at, generation).await;
            }
            settle(&ledger, at, generation).await;
            settled.send_modify(|count| *count += 1);
            timeout(LATE, &mut ready).await.unwrap().unwrap().unwrap();
        }
    }
}

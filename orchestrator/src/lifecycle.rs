//! The end comes in two stages: first what is at work may finish, then it is dropped.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long what is at work may take to finish.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Returns a token that is cancelled when the process is asked to end. Asked again, the process ends at once.
pub fn end_on_signals() -> Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let ending = CancellationToken::new();
    let token = ending.clone();
    tokio::spawn(async move {
        for is_first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if is_first {
                tracing::info!("ending; what is at work may finish");
                token.cancel();
            } else {
                std::process::exit(130);
            }
        }
    });
    Ok(ending)
}

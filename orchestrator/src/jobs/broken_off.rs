//! Goes on with what an earlier life of the orchestrator was doing when it ended.

use std::time::Duration;

use hostwright_model::ids::HostId;
use hostwright_model::organization::Organization;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::operations::provisioning;

/// How long is waited for a driver that cannot be asked.
const PAUSE: Duration = Duration::from_mins(1);
/// How often it is asked; then people have to look.
const ATTEMPTS: u32 = 60;

/// Machines that were being made.
pub type Unfinished = Vec<(Organization, HostId)>;

/// Goes on with machines that were being made, until each is made or taken back, or it is told to stop.
pub async fn run(app: App, mut unfinished: Unfinished, shutdown: CancellationToken) {
    for _ in 0..ATTEMPTS {
        unfinished = once(&app, unfinished).await;
        if unfinished.is_empty() {
            return;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    for (organization, host) in unfinished {
        if let Err(error) = provisioning::abandon(&app, &organization, host).await {
            tracing::error!(host.id = %host, error = &error as &dyn std::error::Error, "a host stays PROVISIONING");
        }
    }
}

/// Tries each once; returns what is left to be tried again.
pub async fn once(app: &App, unfinished: Unfinished) -> Unfinished {
    let mut left = Vec::new();
    for (organization, host) in unfinished {
        if let Err(error) = provisioning::resume(app, &organization, host).await {
            tracing::warn!(
                host.id = %host, error = &error as &dyn std::error::Error,
                "provisioning that was broken off cannot go on yet"
            );
            left.push((organization, host));
        }
    }
    left
}

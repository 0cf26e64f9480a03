//! Waiting for a value, bounded.

use std::time::Duration;

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits until a condition holds.
///
/// # Panics
///
/// If it does not hold within half a minute.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let outcome = tokio::time::timeout(LIMIT, waiting).await;
    assert!(outcome.is_ok(), "waited {LIMIT:?} in vain until {what}");
}

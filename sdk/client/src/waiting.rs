//! Patience with a limit.

use std::time::Duration;

use hostwright_api_types::{Change, Host, Instance};
use tokio::time::{Instant, sleep};

use crate::host::HostHandle;
use crate::{ChangeLink, Client, ClientError};

/// How long the server is asked to keep one request open.
const LONG_POLL: Duration = Duration::from_secs(20);
/// Pause between two looks at something that cannot be waited for on the server.
const PAUSE: Duration = Duration::from_millis(250);

impl Client {
    /// Returns a change as it is now.
    pub async fn change(&self, link: &ChangeLink) -> Result<Change, ClientError> {
        self.get_patiently(link.as_str(), Duration::ZERO).await
    }

    /// Waits until a change has ended, whichever way.
    pub async fn wait_for_change(&self, link: &ChangeLink, limit: Duration) -> Result<Change, ClientError> {
        let start = Instant::now();
        loop {
            let left = limit.saturating_sub(start.elapsed()).min(LONG_POLL);
            let path = format!("{}?wait={}", link.as_str(), left.as_secs());
            let change: Change = self.get_patiently(&path, left).await?;
            if change.state.is_ended() {
                return Ok(change);
            }
            if start.elapsed() >= limit {
                let what = format!("the end of change {} ({})", change.order_num, change.description);
                return Err(ClientError::TimedOut { what, waited: limit });
            }
            sleep(PAUSE.min(limit.saturating_sub(start.elapsed()))).await;
        }
    }

    /// Follows a change to its end and shows every state of it that was seen.
    pub async fn follow_change(
        &self,
        link: &ChangeLink,
        limit: Duration,
        mut seen: impl FnMut(&Change),
    ) -> Result<Change, ClientError> {
        let start = Instant::now();
        let mut last: Option<Change> = None;
        loop {
            let change = self.change(link).await?;
            if last.as_ref() != Some(&change) {
                seen(&change);
            }
            if change.state.is_ended() {
                return Ok(change);
            }
            if start.elapsed() >= limit {
                let what = format!("the end of change {} ({})", change.order_num, change.description);
                return Err(ClientError::TimedOut { what, waited: limit });
            }
            last = Some(change);
            sleep(PAUSE).await;
        }
    }
}

impl HostHandle {
    /// Waits until all of these changes have ended, whichever way.
    pub async fn wait_for_changes(
        &self,
        changes: &[ChangeLink],
        limit: Duration,
    ) -> Result<Vec<Change>, ClientError> {
        let start = Instant::now();
        let mut ended = Vec::with_capacity(changes.len());
        for link in changes {
            ended.push(self.client.wait_for_change(link, limit.saturating_sub(start.elapsed())).await?);
        }
        Ok(ended)
    }

    /// Waits until no change of this host is pending or running.
    pub async fn wait_for_pending_changes(&self, limit: Duration) -> Result<(), ClientError> {
        self.wait_until("the end of all changes", limit, async |host| {
            Ok(host.changes(false).await?.is_empty().then_some(()))
        })
        .await
    }

    /// Waits until the host is in a state, e.g. `READY`.
    pub async fn wait_for_state(&self, state: &str, limit: Duration) -> Result<Host, ClientError> {
        self.wait_until(&format!("state {state}"), limit, async |host| {
            Ok(Some(host.entity().get().await?).filter(|host| host.state == state))
        })
        .await
    }

    /// Waits until its machine has told a property, and returns its value.
    pub async fn wait_for_property(&self, key: &str, limit: Duration) -> Result<String, ClientError> {
        self.wait_until(&format!("property `{key}`"), limit, async |host| {
            Ok(property(&host.instance().get().await?, key))
        })
        .await
    }

    /// Waits until its machine can be addressed: by its public name, its public address or its first address.
    pub async fn wait_for_address(&self, limit: Duration) -> Result<String, ClientError> {
        self.wait_for_property("ip.eth0", limit).await?;
        let instance = self.instance().get().await?;
        let address =
            ["publicDnsName", "publicIp", "ip.eth0"].into_iter().find_map(|key| property(&instance, key));
        address.ok_or(ClientError::TimedOut { what: "an address".into(), waited: limit })
    }

    async fn wait_until<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl AsyncFn(&Self) -> Result<Option<T>, ClientError>,
    ) -> Result<T, ClientError> {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self).await? {
                return Ok(found);
            }
            if start.elapsed() >= limit {
                return Err(ClientError::TimedOut { what: what.to_owned(), waited: limit });
            }
            sleep(PAUSE).await;
        }
    }
}

fn property(instance: &Instance, key: &str) -> Option<String> {
    let found = instance.properties.iter().find(|property| property.key == key)?;
    (!found.value.is_empty()).then(|| found.value.clone())
}

//! Waiting until something changes in a directory.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};

/// Where the kernel lends no more watches, directories are looked at this often.
const WITHOUT_WATCH: Duration = Duration::from_millis(250);

/// Wakes when a directory changes.
pub(super) struct Watch(Option<EventStream<[u8; 1024]>>);

impl Watch {
    pub(super) fn on(directory: &Path) -> Self {
        Self(Self::try_on(directory).ok())
    }

    /// Waits for a change, or for some time. May return early.
    pub(super) async fn changed(&mut self, at_most: Duration) {
        match &mut self.0 {
            None => tokio::time::sleep(at_most.min(WITHOUT_WATCH)).await,
            Some(events) => {
                // What changed does not matter: the directory is looked at anyway.
                if let Ok(None | Some(Err(_))) = tokio::time::timeout(at_most, events.next()).await {
                    self.0 = None;
                }
            }
        }
    }

    fn try_on(directory: &Path) -> io::Result<EventStream<[u8; 1024]>> {
        let inotify = Inotify::init()?;
        inotify.watches().add(directory, WatchMask::MOVED_TO | WatchMask::CREATE | WatchMask::DELETE_SELF)?;
        inotify.into_event_stream([0; 1024])
    }
}

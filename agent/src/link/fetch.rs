//! Content by digest, in parts, over however many sessions it takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hostwright_protocol::messages::{Chunk, Fetch, ToOrchestrator};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tracing::debug;

use crate::blobs::{BlobStore, FetchBlobs, FetchError, Incoming};

/// A part that did not come after this time is asked for again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing larger is fetched, whatever a message says.
const LARGEST: u64 = 1 << 30;

/// Gets content over the link.
#[derive(Clone)]
pub(super) struct Fetcher {
    pub(super) blobs: Arc<BlobStore>,
    pub(super) outgoing: mpsc::Sender<ToOrchestrator>,
    pub(super) connected: watch::Receiver<bool>,
    pub(super) waiting: Arc<Waiting>,
}

/// Who waits for parts of which blob.
#[derive(Default)]
pub(super) struct Waiting {
    by_digest: Mutex<HashMap<String, mpsc::Sender<Part>>>,
}

/// What comes for a blob.
pub(super) enum Part {
    Chunk(Chunk),
    NoSuchBlob,
}

impl Waiting {
    /// Passes on a part; one that nobody waits for is dropped.
    pub(super) fn give(&self, digest: &str, part: Part) {
        let by_digest = self.by_digest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = by_digest.get(digest) {
            // Whoever waits asked for one part; a second one is a repetition.
            let _ = waiting.try_send(part);
        }
    }

    fn wait_for(&self, digest: &str) -> mpsc::Receiver<Part> {
        let (sender, receiver) = mpsc::channel(1);
        let mut by_digest = self.by_digest.lock().unwrap_or_else(PoisonError::into_inner);
        by_digest.retain(|_, waiting| !waiting.is_closed());
        by_digest.insert(digest.to_owned(), sender);
        receiver
    }
}

#[async_trait]
impl FetchBlobs for Fetcher {
    async fn fetch(&self, digest: &str, size: u64) -> Result<(), FetchError> {
        if self.blobs.path(digest).is_some() {
            return Ok(());
        }
        if size > LARGEST {
            return Err(FetchError::TooLarge { size, limit: LARGEST });
        }
        match self.fetch_parts(digest, size).await {
            // What an earlier attempt left may have been damaged; once more from the beginning.
            Err(FetchError::Corrupt) => self.fetch_parts(digest, size).await,
            other => other,
        }
    }
}

impl Fetcher {
    async fn fetch_parts(&self, digest: &str, size: u64) -> Result<(), FetchError> {
        let mut incoming = self.blobs.receive(digest)?;
        let mut connected = self.connected.clone();
        while incoming.len() < size {
            if connected.wait_for(|is_connected| *is_connected).await.is_err() {
                // The agent ends; whoever waits is dropped with it.
                std::future::pending::<()>().await;
            }
            let mut parts = self.waiting.wait_for(digest);
            let fetch = Fetch { digest: digest.to_owned(), offset: incoming.len() };
            if self.outgoing.send(ToOrchestrator::Fetch(fetch)).await.is_err() {
                std::future::pending::<()>().await;
            }
            let part = tokio::select! {
                part = timeout(PATIENCE, parts.recv()) => part,
                _ = connected.wait_for(|is_connected| !is_connected) => continue,
            };
            match part {
                Ok(Some(Part::Chunk(chunk))) => incoming = append(incoming, &chunk, size)?,
                Ok(Some(Part::NoSuchBlob)) => {
                    incoming.discard()?;
                    return Err(FetchError::NoSuchBlob);
                }
                Ok(None) | Err(_) => debug!("a part of {digest} did not come; it is asked for again"),
            }
        }
        incoming.finish(digest)
    }
}

fn append(mut incoming: Incoming, chunk: &Chunk, size: u64) -> Result<Incoming, FetchError> {
    if chunk.offset != incoming.len() {
        return Ok(incoming);
    }
    let data = STANDARD.decode(&chunk.data).unwrap_or_default();
    let is_possible = chunk.size == size && !data.is_empty() && incoming.len() + data.len() as u64 <= size;
    if !is_possible {
        incoming.discard()?;
        return Err(FetchError::Corrupt);
    }
    incoming.append(&data)?;
    Ok(incoming)
}

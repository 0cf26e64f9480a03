//! The stream of what happens in an organization (server-sent events).

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use hostwright_api_types::Event;
use reqwest::Response;

use crate::ClientError;

/// What comes out of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamItem {
    /// Something happened.
    Event(Event),
    /// Too much happened since the last event that was seen: look at everything again.
    Resync,
}

/// Events as they happen.
pub struct EventStream {
    address: String,
    chunks: BoxStream<'static, Result<Bytes, reqwest::Error>>,
    pending: Vec<u8>,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("address", &self.address).finish_non_exhaustive()
    }
}

impl EventStream {
    pub(crate) fn new(response: Response) -> Self {
        let address = response.url().to_string();
        let chunks = response.bytes_stream().map_err(reqwest::Error::without_url).boxed();
        Self { address, chunks, pending: Vec::new() }
    }

    /// Returns the next one, or nothing when the server closes the stream.
    pub async fn next(&mut self) -> Result<Option<StreamItem>, ClientError> {
        loop {
            while let Some(block) = take_block(&mut self.pending) {
                if let Some(item) = self.read(&block)? {
                    return Ok(Some(item));
                }
            }
            match self.chunks.next().await {
                Some(Ok(chunk)) => self.pending.extend_from_slice(&chunk),
                Some(Err(source)) => {
                    return Err(ClientError::Unreachable { address: self.address.clone(), source });
                }
                None => return Ok(None),
            }
        }
    }

    fn read(&self, block: &str) -> Result<Option<StreamItem>, ClientError> {
        let mut data = String::new();
        let mut name = "";
        for line in block.lines() {
            if let Some(text) = line.strip_prefix("data:") {
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(text.strip_prefix(' ').unwrap_or(text));
            } else if let Some(text) = line.strip_prefix("event:") {
                name = text.trim();
            }
        }
        if name == "resync" {
            return Ok(Some(StreamItem::Resync));
        }
        if data.is_empty() {
            return Ok(None);
        }
        let event = serde_json::from_str(&data)
            .map_err(|source| ClientError::NotUnderstood { address: self.address.clone(), source })?;
        Ok(Some(StreamItem::Event(event)))
    }
}

/// Takes everything up to the first empty line.
fn take_block(pending: &mut Vec<u8>) -> Option<String> {
    let end = pending.windows(2).position(|pair| pair == b"\n\n")?;
    let rest = pending.split_off(end + 2);
    let block = std::mem::replace(pending, rest);
    Some(String::from_utf8_lossy(&block).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_taken_one_by_one_even_when_they_come_in_pieces() {
        let mut pending = b"id: 1\ndata: a\n".to_vec();
        assert_eq!(take_block(&mut pending), None);
        pending.extend_from_slice(b"\n: ping\n\nid");
        assert_eq!(take_block(&mut pending).unwrap(), "id: 1\ndata: a\n\n");
        assert_eq!(take_block(&mut pending).unwrap(), ": ping\n\n");
        assert_eq!(take_block(&mut pending), None);
        assert_eq!(pending, b"id");
    }
}

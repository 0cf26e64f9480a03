//! A plugin's standard output and standard error, as lines of the host's log.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::context::Identity;
use super::meter::Meter;
use crate::capabilities::log::write_line;
use crate::host::{LogLevel, PluginLog};

/// A longer line is cut into several.
const LINE_MAXIMUM: usize = 4096;

/// What is taken at once.
const WRITE_MAXIMUM: usize = 16 << 10;

const LAST_WORDS_MAXIMUM: usize = 300;

/// The end of what a plugin wrote to its standard error: where language runtimes say why they give up.
#[derive(Debug, Default)]
pub(super) struct LastWords(Mutex<String>);

impl LastWords {
    fn hear(&self, line: &str) {
        // Advice for developers at a terminal.
        if line.starts_with("note: run with") {
            return;
        }
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(line.trim());
        if words.len() > LAST_WORDS_MAXIMUM {
            let start = words.ceil_char_boundary(words.len() - LAST_WORDS_MAXIMUM);
            words.drain(..start);
        }
    }

    pub(super) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One of the two streams. Every handle to it writes to the same line.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    identity: Arc<Identity>,
    log: Arc<dyn PluginLog>,
    meter: Arc<Meter>,
    level: LogLevel,
    last_words: Option<Arc<LastWords>>,
    begun: Mutex<Vec<u8>>,
}

impl Lines {
    pub(super) fn new(
        identity: Arc<Identity>,
        log: Arc<dyn PluginLog>,
        meter: Arc<Meter>,
        level: LogLevel,
        last_words: Option<Arc<LastWords>>,
    ) -> Self {
        Self(Arc::new(Shared { identity, log, meter, level, last_words, begun: Mutex::default() }))
    }
}

impl Shared {
    fn take(&self, bytes: &[u8]) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in bytes {
            if byte != b'\n' {
                begun.push(byte);
            }
            if byte == b'\n' || begun.len() >= LINE_MAXIMUM {
                self.line(&std::mem::take(&mut *begun));
            }
        }
    }

    fn line(&self, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        if line.trim().is_empty() {
            return;
        }
        write_line(&*self.log, &self.identity, self.level, &line);
        if let Some(last_words) = &self.last_words {
            last_words.hear(&line);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let begun = std::mem::take(self.begun.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.line(&begun);
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.meter.logged(bytes.len()).map_err(|limit| StreamError::Trap(limit.into()))?;
        self.0.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_MAXIMUM)
    }
}

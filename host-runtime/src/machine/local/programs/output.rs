//! Keeping a bounded part of what a program writes.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// More is never kept, whatever the limit.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const PIECE: usize = 16 * 1024;

/// The beginning of standard output and the end of standard error.
#[derive(Debug)]
pub(super) struct Kept {
    limit: usize,
    stdout: Vec<u8>,
    stderr: VecDeque<u8>,
    is_head_cut: bool,
    is_tail_cut: bool,
}

impl Kept {
    pub(super) fn new(limit: u64) -> Self {
        let limit = usize::try_from(limit.min(MOST_BYTES)).unwrap_or(PIECE);
        Self { limit, stdout: Vec::new(), stderr: VecDeque::new(), is_head_cut: false, is_tail_cut: false }
    }

    /// Feeds standard input and reads both outputs to their ends. What exceeds the limit is read and dropped, so that
    /// the program is not stopped by it. May be given up at any time; what was read by then is kept.
    pub(super) async fn pump(
        &mut self,
        stdin: Option<(ChildStdin, bytes::Bytes)>,
        stdout: ChildStdout,
        stderr: ChildStderr,
    ) {
        let Self { limit, stdout: head, stderr: tail, is_head_cut, is_tail_cut } = self;
        let feed = async {
            if let Some((mut pipe, bytes)) = stdin {
                // A program may end without reading everything.
                let _fed = pipe.write_all(&bytes).await;
            }
        };
        let keep_head = drain(stdout, |piece| {
            let room = piece.len().min(*limit - head.len());
            head.extend_from_slice(&piece[..room]);
            *is_head_cut |= room < piece.len();
        });
        let keep_tail = drain(stderr, |piece| {
            tail.extend(piece);
            let excess = tail.len().saturating_sub(*limit);
            tail.drain(..excess);
            *is_tail_cut |= excess > 0;
        });
        tokio::join!(feed, keep_head, keep_tail);
    }

    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<u8>, bool) {
        let is_truncated = self.is_head_cut || self.is_tail_cut;
        (self.stdout, self.stderr.into(), is_truncated)
    }
}

async fn drain(mut pipe: impl AsyncRead + Unpin, mut keep: impl FnMut(&[u8])) {
    let mut buffer = vec![0; PIECE];
    while let Ok(length) = pipe.read(&mut buffer).await {
        if length == 0 {
            break;
        }
        keep(&buffer[..length]);
    }
}

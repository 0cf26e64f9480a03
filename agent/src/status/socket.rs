//! The socket on which a running agent answers for its status.
//!
//! One line asks (`status`), one line of JSON answers; `enrolled` tells an agent without identity to look again.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::document::Status;

/// Whoever asks is local and quick.
const PATIENCE: Duration = Duration::from_secs(5);

/// The agent's end.
#[derive(Debug)]
pub(crate) struct StatusSocket {
    listener: UnixListener,
}

/// What somebody asks.
#[derive(Debug)]
pub(crate) enum Request {
    /// For the status; the answer goes there.
    Status(UnixStream),
    /// To look for an identity.
    Enrolled,
}

/// Why an agent does not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// None listens.
    #[error("no agent is running on this state directory")]
    NotRunning,
    /// It listens and does not answer.
    #[error("the agent does not answer")]
    Silent(#[source] io::Error),
    /// It answers something else.
    #[error("the agent's answer is not understood; it may be of another version")]
    Malformed(#[source] serde_json::Error),
}

impl StatusSocket {
    /// Listens; what an earlier agent left is replaced.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener })
    }

    /// Waits for the next request that makes sense. Cancel-safe but for a request that is just being read.
    pub(crate) async fn next(&self) -> Request {
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                // Out of descriptors, most likely; listening on would spin.
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let mut line = String::new();
            let mut limited = BufReader::new(&mut stream).take(64);
            match timeout(PATIENCE, limited.read_line(&mut line)).await {
                Ok(Ok(_)) if line == "status\n" => return Request::Status(stream),
                Ok(Ok(_)) if line == "enrolled\n" => return Request::Enrolled,
                _ => {}
            }
        }
    }
}

/// Answers a request for the status. Whoever asked may be gone; that is no matter.
pub(crate) async fn answer(mut stream: UnixStream, status: &Status) {
    if let Ok(mut text) = serde_json::to_vec(status) {
        text.push(b'\n');
        let _ = timeout(PATIENCE, stream.write_all(&text)).await;
    }
}

/// Asks the agent behind a socket for its status.
pub async fn ask(socket: &Path) -> Result<Status, AskError> {
    let text = exchange(socket, "status\n").await?;
    serde_json::from_str(&text).map_err(AskError::Malformed)
}

/// Tells the agent behind a socket that it has an identity now.
pub async fn tell_enrolled(socket: &Path) -> Result<(), AskError> {
    exchange(socket, "enrolled\n").await.map(drop)
}

async fn exchange(socket: &Path, line: &str) -> Result<String, AskError> {
    let mut stream = match UnixStream::connect(socket).await {
        Ok(stream) => stream,
        Err(error) => {
            return Err(match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning,
                _ => AskError::Silent(error),
            });
        }
    };
    let exchanged = async {
        stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    match timeout(PATIENCE * 2, exchanged).await {
        Ok(answer) => answer.map_err(AskError::Silent),
        Err(_) => Err(AskError::Silent(io::ErrorKind::TimedOut.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Board;

    #[tokio::test]
    async fn the_status_is_answered_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("status.sock");
        assert!(matches!(ask(&path).await, Err(AskError::NotRunning)));
        let socket = StatusSocket::bind(&path).unwrap();
        let board = Board::default();
        let serve = async {
            let Request::Status(stream) = socket.next().await else { panic!() };
            answer(stream, &board.status()).await;
        };
        let (asked, ()) = tokio::join!(ask(&path), serve);
        assert_eq!(asked.unwrap(), board.status());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

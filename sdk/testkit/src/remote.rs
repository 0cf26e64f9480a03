//! A machine at the other end of a pipe.
//!
//! The laws run here, the machine is there: [`serve`] inside the host, [`RemoteMachine`] outside, a line of JSON each way.
//! The program `hostwright-test-machine` serves the machine that it runs on over its standard input and output, so that
//! whoever can start a program in a booted host can hold providers to their laws there.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_runtime::machine::{Content, Machine, MachineError, Reply, Request};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines};
use tokio::sync::Mutex;

type Reader = Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A machine at the other end of a pipe; calls are made one after the other.
pub struct RemoteMachine {
    pipe: Mutex<(Reader, Writer)>,
}

impl RemoteMachine {
    /// Speaks through these ends, e.g. those of a child process.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let reader: Box<dyn AsyncRead + Send + Unpin> = Box::new(reader);
        Self { pipe: Mutex::new((BufReader::new(reader).lines(), Box::new(writer))) }
    }
}

#[async_trait]
impl Machine for RemoteMachine {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        let request = serde_json::to_string(&carried(request).await?).map_err(broken)?;
        // Cancelled in between, the pipe would be out of step; a test that gives up on a call gives up on the machine.
        let mut pipe = self.pipe.lock().await;
        let (reader, writer) = &mut *pipe;
        writer.write_all(request.as_bytes()).await.map_err(broken)?;
        writer.write_all(b"\n").await.map_err(broken)?;
        writer.flush().await.map_err(broken)?;
        let line = reader.next_line().await.map_err(broken)?;
        let line = line.ok_or_else(|| broken("it closed the pipe"))?;
        serde_json::from_str(&line).map_err(broken)?
    }
}

/// A blob is a file on this side only: its bytes are sent.
async fn carried(request: Request) -> Result<Request, MachineError> {
    match request {
        Request::Replace { scope, path, content: Content::File(file), metadata, validation } => {
            let content = Content::Bytes(tokio::fs::read(&file).await.map_err(broken)?.into());
            Ok(Request::Replace { scope, path, content, metadata, validation })
        }
        other => Ok(other),
    }
}

fn broken(error: impl std::fmt::Display) -> MachineError {
    MachineError::Failed { message: format!("the remote machine does not answer: {error}"), run: None }
}

/// Answers requests with a machine until the other end closes.
pub async fn serve(
    machine: Arc<dyn Machine>,
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let reply: Result<Reply, MachineError> = match serde_json::from_str(&line) {
            Ok(request) => machine.call(request).await,
            Err(error) => Err(broken(error)),
        };
        let mut reply = serde_json::to_vec(&reply)?;
        reply.push(b'\n');
        writer.write_all(&reply).await?;
        writer.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hostwright_runtime::machine::{Content, Machine as _, Metadata, Reply, Request, Scope};

    use super::{RemoteMachine, serve};
    use crate::FakeMachine;

    #[tokio::test]
    async fn a_remote_machine_is_as_good_as_the_one_at_hand() {
        let fake = Arc::new(FakeMachine::new().with_directory("/etc"));
        let (near, far) = tokio::io::duplex(1 << 16);
        let (far_reader, far_writer) = tokio::io::split(far);
        let served = tokio::spawn(serve(fake.clone(), far_reader, far_writer));
        let (reader, writer) = tokio::io::split(near);
        let remote = RemoteMachine::new(reader, writer);
        let blob = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(blob.path(), "from a blob\n").unwrap();
        let scope = Scope { read: Vec::new(), write: vec!["/".to_owned()] };
        let replace = |path: &str| Request::Replace {
            scope: scope.clone(),
            path: path.to_owned(),
            content: Content::File(blob.path().to_owned()),
            metadata: Metadata::default(),
            validation: None,
        };
        assert_eq!(remote.call(replace("/etc/motd")).await, Ok(Reply::Done));
        assert_eq!(fake.tree().text("/etc/motd").as_deref(), Some("from a blob\n"));
        let near = remote.call(replace("/nosuch/motd")).await.unwrap_err();
        assert_eq!(near, fake.call(replace("/nosuch/motd")).await.unwrap_err());
        drop(remote);
        served.await.unwrap().unwrap();
    }
}

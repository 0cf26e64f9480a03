//! A cable that can be cut.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes TCP connections on to a target, until they are cut.
pub struct Proxy {
    address: SocketAddr,
    connections: std::sync::Arc<Mutex<CancellationToken>>,
    _stop: DropGuard,
}

impl Proxy {
    /// Listens on a port of its own.
    ///
    /// # Errors
    ///
    /// If the machine has no port to give.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let connections = std::sync::Arc::new(Mutex::new(CancellationToken::new()));
        let stop = CancellationToken::new();
        let (current, stopped) = (std::sync::Arc::clone(&connections), stop.clone());
        tokio::spawn(async move {
            let accept = async {
                while let Ok((inbound, _)) = listener.accept().await {
                    let cut = current.lock().unwrap_or_else(PoisonError::into_inner).child_token();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = cut.cancelled() => {}
                            () = pass(inbound, target) => {}
                        }
                    });
                }
            };
            tokio::select! {
                () = stopped.cancelled() => {}
                () = accept => {}
            }
        });
        Ok(Self { address, connections, _stop: stop.drop_guard() })
    }

    /// Returns where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections of this moment; new ones work.
    pub fn cut(&self) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.cancel();
        *connections = CancellationToken::new();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn pass(mut inbound: TcpStream, target: SocketAddr) {
    if let Ok(mut outbound) = TcpStream::connect(target).await {
        // Either end may go at any time; that is what it is for.
        let _ = tokio::io::copy_bidirectional(&mut inbound, &mut outbound).await;
    }
}

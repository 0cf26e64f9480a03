//! How the agent ends: asked first, then dropped; and how it tells systemd that it is ready.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long parts may take to come to an end once they are asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells every part of the agent when to end. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    asked: CancellationToken,
}

impl Shutdown {
    /// Asks every part to end at its next good place.
    pub fn ask(&self) {
        self.asked.cancel();
    }

    /// Returns whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Waits until the end is asked for. Cancel-safe.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// Waits until the end was asked for and patience is over; then whatever still runs is dropped. The ledger is right
    /// at every moment, so nothing is lost by that but time.
    pub async fn patience_is_over(&self) {
        self.asked.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    }
}

/// Asks for the end on SIGTERM or SIGINT; a second signal ends the waiting.
pub async fn end_on_signal(shutdown: Shutdown) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        warn!("signals cannot be received; the agent ends only when it is killed");
        std::future::pending::<()>().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("ending; a change that is being applied is left after the current step and taken up again");
    shutdown.ask();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Tells systemd a state (`READY=1`, `STOPPING=1`), if it started us and wants to know.
pub fn notify_systemd(socket: Option<&str>, state: &str) {
    let Some(address) = socket else { return };
    let sent = UnixDatagram::unbound().and_then(|datagram| match address.strip_prefix('@') {
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            datagram.send_to_addr(state.as_bytes(), &address)
        }
        None => datagram.send_to(state.as_bytes(), address),
    });
    if let Err(error) = sent {
        warn!(error = &error as &dyn std::error::Error, "systemd cannot be told `{state}`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        notify_systemd(path.to_str(), "READY=1");
        let mut buffer = [0; 16];
        let size = systemd.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..size], b"READY=1");
    }
}

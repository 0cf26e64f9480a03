//! Opens what comes in, and stores what has to be acted on before it is receipted.

use std::sync::Arc;

use hostwright_bus::Frame;
use hostwright_protocol::envelope::{Envelope, Identity, Meta, OpenError, open_from_orchestrator};
use hostwright_protocol::frame::FrameKind;
use hostwright_protocol::keys::{Adopted, PinnedRoot};
use hostwright_protocol::messages::{HighWater, ToAgent};
use hostwright_protocol::receive_lane::{Accept, ReceiveLane};
use tracing::{info, warn};

use crate::clock::{self, BusTime};
use crate::ledger::{self, IdentityDocument, Ledger, Received};

/// Opens frames for one agent.
pub(super) struct Receiver {
    pub(super) ledger: Ledger,
    pub(super) identity: Identity,
    pub(super) document: IdentityDocument,
    pub(super) bus_time: Arc<BusTime>,
}

/// What came of a frame.
#[derive(Debug)]
pub(super) enum Got {
    /// To be answered or passed on at once.
    Transient(ToAgent),
    /// Stored, or known already, or not to be stored: everything up to here is.
    Stored(HighWater),
    /// Nothing that this agent does anything about.
    Nothing,
    /// By an orchestrator that has not shown its certificate; greeting makes it show it.
    Stranger,
}

impl Receiver {
    /// Takes a frame.
    ///
    /// # Errors
    ///
    /// When the ledger cannot store it; then it must not be acknowledged.
    pub(super) async fn take(&mut self, frame: &Frame) -> Result<Got, ledger::Error> {
        if matches!(frame.kind(), Ok(FrameKind::Certificate)) {
            self.adopt(frame).await?;
            return Ok(Got::Nothing);
        }
        let bus_time = self.bus_time.now().unwrap_or_else(clock::now);
        let pinned: &PinnedRoot = &self.document.pinned;
        match open_from_orchestrator(pinned, &self.identity, frame, bus_time) {
            Ok(Envelope { meta, message }) => {
                self.bus_time.saw(meta.time);
                if meta.is_transient() {
                    Ok(Got::Transient(message))
                } else {
                    self.store(&meta, Some(message)).await
                }
            }
            // The orchestrator knows when a message has expired; the lane goes on without it.
            Err(OpenError::Expired { meta, bus_time }) if !meta.is_transient() => {
                warn!(message.id = %meta.id, "a message expired at {} and it is {bus_time}; it is passed over", meta.expires);
                self.store(&meta, None).await
            }
            Err(error @ (OpenError::UnknownKind { .. } | OpenError::Body { .. })) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "a message is not understood; it is passed over"
                );
                match error {
                    OpenError::UnknownKind { meta, .. } | OpenError::Body { meta, .. }
                        if !meta.is_transient() =>
                    {
                        self.store(&meta, None).await
                    }
                    _ => Ok(Got::Nothing),
                }
            }
            Err(error @ OpenError::UnknownKey { .. }) => {
                info!("{error}");
                Ok(Got::Stranger)
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a frame is refused");
                Ok(Got::Nothing)
            }
        }
    }

    async fn store(&self, meta: &Meta, message: Option<ToAgent>) -> Result<Got, ledger::Error> {
        let mut tx = self.ledger.begin().await?;
        let high_water = tx.lane().await?.received;
        match (ReceiveLane { high_water }).accept(meta) {
            Accept::Duplicate => return Ok(Got::Stored(high_water)),
            Accept::Gap { expected } => return Ok(Got::Stored(expected)),
            Accept::Next => {}
        }
        let at = meta.place();
        match message {
            Some(message) => tx.receive(&Received { at, message }).await?,
            None => tx.pass_over(at).await?,
        }
        if let Some(time) = self.bus_time.now() {
            tx.raise_bus_time(time).await?;
        }
        tx.commit().await?;
        Ok(Got::Stored(at))
    }

    async fn adopt(&mut self, frame: &Frame) -> Result<(), ledger::Error> {
        let certificate = match frame.certificate() {
            Ok(certificate) => certificate,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a certificate cannot be read");
                return Ok(());
            }
        };
        let bus_time = self.bus_time.now().unwrap_or_else(clock::now);
        match self.document.pinned.adopt(&certificate, bus_time) {
            Ok(Adopted::Known) => {}
            Ok(Adopted::New) => {
                info!("a new certificate of an orchestrator is believed");
                let mut tx = self.ledger.begin().await?;
                tx.update_identity_document(&self.document).await?;
                tx.commit().await?;
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "a certificate is refused"),
        }
        Ok(())
    }
}

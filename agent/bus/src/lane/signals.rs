//! What others tell a lane. Only the latest of each kind counts, so nothing piles up while the lane is busy.

use std::sync::{Arc, Mutex, PoisonError};

use hostwright_protocol::messages::HighWater;
use tokio::sync::{Notify, watch};

use super::driver::Status;

#[derive(Default)]
pub(super) struct Signals {
    pending: Mutex<Pending>,
    notify: Notify,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Pending {
    /// The receiver came (true) or went.
    pub(super) presence: Option<bool>,
    /// Everything unreceipted goes out again.
    pub(super) rewind: bool,
    /// The highest receipt.
    pub(super) receipted: Option<HighWater>,
}

impl Signals {
    pub(super) fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn wait(&self) {
        self.notify.notified().await;
    }

    fn tell(&self, change: impl FnOnce(&mut Pending)) {
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.notify.notify_one();
    }
}

/// The way to a lane that runs.
#[derive(Clone)]
pub struct Handle {
    pub(super) signals: Arc<Signals>,
    pub(super) status: watch::Receiver<Status>,
}

impl Handle {
    /// Something was added to the backlog.
    pub fn wake(&self) {
        self.signals.tell(|_| ());
    }

    /// The receiver has stored everything up to this place.
    pub fn receipted(&self, place: HighWater) {
        self.signals.tell(|pending| pending.receipted = pending.receipted.max(Some(place)));
    }

    /// The receiver began a session: everything unreceipted goes out again.
    pub fn connected(&self) {
        self.signals.tell(|pending| {
            pending.presence = Some(true);
            pending.rewind = true;
        });
    }

    /// The receiver's session is over: nothing goes out until the next one.
    pub fn disconnected(&self) {
        self.signals.tell(|pending| pending.presence = Some(false));
    }

    /// Something is missing at the receiver: everything unreceipted goes out again.
    pub fn rewind(&self) {
        self.signals.tell(|pending| pending.rewind = true);
    }

    /// Returns how the lane stands, and follows it.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}

//! Telling the transport that a frame is stored.

use std::fmt;

/// Comes with each frame. [`Ack::stored`] is called once the frame is stored durably, or is known not to be worth it.
///
/// Dropping it says that the frame was not stored: a transport that keeps frames delivers it again. One that does not
/// keep them ignores both; there the receipt does the work.
#[must_use = "a frame that is not acknowledged is delivered again"]
pub struct Ack {
    settle: Option<Settle>,
}

/// Takes whether the frame is stored.
type Settle = Box<dyn FnOnce(bool) + Send + Sync>;

impl Ack {
    /// Makes one for a transport that keeps nothing.
    pub const fn none() -> Self {
        Self { settle: None }
    }

    /// Says that the frame need not be delivered again. Does not wait: if this is lost, the frame comes once more.
    pub fn stored(mut self) {
        if let Some(settle) = self.settle.take() {
            settle(true);
        }
    }

    /// Makes one that calls back, with whether the frame is stored, exactly once.
    #[cfg_attr(not(any(feature = "amqp", test)), expect(dead_code, reason = "only brokers keep frames"))]
    pub(crate) fn new(settle: impl FnOnce(bool) + Send + Sync + 'static) -> Self {
        Self { settle: Some(Box::new(settle)) }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle(false);
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ack")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn dropping_says_not_stored_and_storing_says_it_once() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let ack = || {
            let said = Arc::clone(&said);
            Ack::new(move |stored| said.lock().unwrap().push(stored))
        };
        drop(ack());
        ack().stored();
        drop(Ack::none());
        assert_eq!(*said.lock().unwrap(), [false, true]);
    }
}

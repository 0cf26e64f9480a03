//! A queue that is bounded by bytes: frames differ a thousandfold in size, so a bound on their number bounds nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let capacity = u32::try_from(capacity).unwrap_or(u32::MAX >> 3).max(1);
    let room = Arc::new(Semaphore::new(capacity as usize));
    let (items, received) = mpsc::unbounded_channel();
    (Sender { items, room: Arc::clone(&room), capacity }, Receiver { items: received, room })
}

#[derive(Debug)]
pub(crate) struct Sender<T> {
    items: mpsc::UnboundedSender<Held<T>>,
    room: Arc<Semaphore>,
    capacity: u32,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), room: Arc::clone(&self.room), capacity: self.capacity }
    }
}

#[derive(Debug)]
pub(crate) struct Receiver<T> {
    items: mpsc::UnboundedReceiver<Held<T>>,
    room: Arc<Semaphore>,
}

/// An item that takes up room until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<T> {
    pub(crate) item: T,
    _room: Option<OwnedSemaphorePermit>,
}

/// The receiver is gone.
#[derive(Debug)]
pub(crate) struct Closed;

impl<T> Sender<T> {
    /// Waits for room, in the order of the callers. What is larger than the whole queue takes all of it.
    pub(crate) async fn send(&self, item: T, size: usize) -> Result<(), Closed> {
        let size = u32::try_from(size).unwrap_or(u32::MAX).clamp(1, self.capacity);
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(|_| Closed)?;
        self.items.send(Held { item, _room: Some(room) }).map_err(|_| Closed)
    }

    /// Takes no room; for what is rare and small.
    pub(crate) fn send_now(&self, item: T) {
        // Nobody listens any more: then nobody misses it.
        let _ = self.items.send(Held { item, _room: None });
    }
}

impl<T> Receiver<T> {
    /// Returns the next item, or nothing once all senders are gone. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Option<Held<T>> {
        self.items.recv().await
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Wakes those who wait for room that will never come.
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn senders_wait_until_there_is_room() {
        let (sender, mut receiver) = channel(10);
        sender.send("six", 6).await.unwrap();
        let mut waiting = Box::pin(sender.send("five", 5));
        assert!(waiting.as_mut().now_or_never().is_none());
        let six = receiver.recv().await.unwrap();
        assert!(waiting.as_mut().now_or_never().is_none(), "what was received is still held");
        drop(six);
        waiting.await.unwrap();
        assert_eq!(receiver.recv().await.unwrap().item, "five");
    }

    #[tokio::test]
    async fn what_is_larger_than_the_queue_goes_alone() {
        let (sender, mut receiver) = channel(10);
        sender.send("huge", 1_000).await.unwrap();
        assert!(sender.send("tiny", 1).now_or_never().is_none());
        sender.send_now("event");
        assert_eq!(receiver.recv().await.unwrap().item, "huge");
        assert_eq!(receiver.recv().await.unwrap().item, "event");
    }

    #[tokio::test]
    async fn waiting_senders_learn_that_the_receiver_is_gone() {
        let (sender, receiver) = channel(1);
        sender.send(1, 1).await.unwrap();
        let mut waiting = Box::pin(sender.send(2, 1));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(receiver);
        assert!(waiting.await.is_err());
    }
}

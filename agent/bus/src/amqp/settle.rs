//! Telling the broker what is stored and what is to come again.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::Acker;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::sync::mpsc;

use crate::Ack;

/// Makes the acks of one channel.
#[derive(Clone)]
pub(super) struct Settling {
    // Not more wait here than the prefetch lets out.
    sender: mpsc::UnboundedSender<(Acker, bool)>,
}

/// Does what the acks say.
pub(super) struct Settler {
    receiver: mpsc::UnboundedReceiver<(Acker, bool)>,
    redelivery_pause: Duration,
}

pub(super) fn channel(redelivery_pause: Duration) -> (Settling, Settler) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Settling { sender }, Settler { receiver, redelivery_pause })
}

impl Settling {
    pub(super) fn ack(&self, acker: Acker) -> Ack {
        let sender = self.sender.clone();
        Ack::new(move |stored| {
            // With the channel gone, the broker delivers again by itself.
            let _ = sender.send((acker, stored));
        })
    }
}

impl Settler {
    /// Works until the last ack is dropped; an error means that the channel is gone, which others notice.
    pub(super) async fn run(mut self) {
        let mut dropped = FuturesUnordered::new();
        loop {
            tokio::select! {
                settled = self.receiver.recv() => match settled {
                    Some((acker, true)) => {
                        let _ = acker.ack(BasicAckOptions::default()).await;
                    }
                    // Not at once: whatever kept the frame from being stored is still so.
                    Some((acker, false)) => dropped.push(async move {
                        tokio::time::sleep(self.redelivery_pause).await;
                        acker
                    }),
                    None => return,
                },
                Some(acker) = dropped.next() => {
                    let _ = acker.nack(BasicNackOptions { multiple: false, requeue: true }).await;
                }
            }
        }
    }
}

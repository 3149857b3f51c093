//! The queue of events from the link to the screen.
//!
//! The queue is bounded. When the screen cannot keep up, the link stops reading from the server
//! until the queue has room again. TCP flow control then makes the server wait.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Notify, mpsc};

use crate::screen::link_event::LinkEvent;

/// The maximum number of queued events with which the link still reads from the server. One read
/// can add a few thousand more. A large message counts as several events.
const WAITING_MAX: usize = 1024;

/// The number of bytes in a message that count as one additional event. So at most a few MiB are
/// queued, plus the message that fills the queue.
const BYTES_PER_EVENT: usize = 4 << 10;

/// The link's end of the queue.
#[derive(Debug, Clone)]
pub(crate) struct LinkEventSender {
    sender: mpsc::UnboundedSender<LinkEvent>,
    weight: Arc<QueueWeight>,
}

/// The screen's end of the queue.
#[derive(Debug)]
pub(crate) struct LinkEventReceiver {
    receiver: mpsc::UnboundedReceiver<LinkEvent>,
    weight: Arc<QueueWeight>,
}

#[derive(Debug, Default)]
struct QueueWeight {
    waiting: AtomicUsize,
    reduced: Notify,
}

/// Creates a queue.
pub(crate) fn event_queue() -> (LinkEventSender, LinkEventReceiver) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let weight = Arc::<QueueWeight>::default();
    (LinkEventSender { sender, weight: Arc::clone(&weight) }, LinkEventReceiver { receiver, weight })
}

fn weight_of(event: &LinkEvent) -> usize {
    match event {
        LinkEvent::Message(message) => 1 + message.as_bytes().len() / BYTES_PER_EVENT,
        _ => 1,
    }
}

impl LinkEventSender {
    /// Adds an event, even to a full queue. To wait for room, call [`capacity`](Self::capacity).
    pub(crate) fn send(&self, event: LinkEvent) {
        self.weight.waiting.fetch_add(weight_of(&event), Ordering::Relaxed);
        // Sending fails only if the receiver has been dropped. The program is then about to end, so
        // the event is no longer needed.
        let _ = self.sender.send(event);
    }

    /// Waits until the queue has room.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing changes.
    pub(crate) async fn capacity(&self) {
        while self.weight.waiting.load(Ordering::Relaxed) > WAITING_MAX {
            self.weight.reduced.notified().await;
        }
    }
}

impl LinkEventReceiver {
    /// Waits for an event, and moves all queued events, up to `limit`, to the end of `events`.
    /// Returns the number of events moved.
    ///
    /// # Cancel safety
    /// If the future is dropped, no event has been taken out of the queue.
    pub(crate) async fn receive(&mut self, events: &mut Vec<LinkEvent>, limit: usize) -> usize {
        let before = events.len();
        let count = self.receiver.recv_many(events, limit).await;
        let taken = events[before..].iter().map(weight_of).sum();
        self.weight.waiting.fetch_sub(taken, Ordering::Relaxed);
        self.weight.reduced.notify_one();
        count
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use websocket::protocol::Message;

    use super::*;

    #[tokio::test]
    async fn the_events_that_wait_for_the_screen_are_bounded() {
        for (message, fit) in [(Message::text("x"), WAITING_MAX), (Message::from(vec![0; 1 << 20]), 3)] {
            let (sender, mut receiver) = event_queue();
            let has_room = || pin!(sender.capacity()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
            let mut sent = 0;
            while has_room() {
                sender.send(LinkEvent::Message(message.clone()));
                sent += 1;
            }
            // The queue has room until the limit is exceeded, so one more event than fits may have
            // been sent.
            assert!((fit..=fit + 1).contains(&sent), "{sent}");
            receiver.receive(&mut Vec::new(), sent).await;
            assert!(has_room());
        }
    }
}

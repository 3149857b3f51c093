//! A queue whose size is limited in bytes rather than in items.
//!
//! ```text
//!   standard input ──▶ InputLines ──▶ conversation ──▶ Printer ──▶ standard output
//!                        queue                          queue
//!   link ──▶ screen
//!      queue
//! ```
//!
//! Limiting the number of items would not limit the memory that they take: 64 messages of the
//! default maximum size take 4 GiB. The size of an item is often unknown until it arrives. The
//! sender therefore waits until the queue holds less than its limit, and then adds one item of any
//! size. With a single sender, the queue exceeds its limit by less than the size of one item.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    select,
    sync::{Notify, mpsc},
};

/// The overhead of a message, a line or an event in a queue: the number of bytes, rounded up, that
/// it takes in addition to its content. If this overhead were not counted, a queue would accept any
/// number of empty messages.
pub(crate) const ITEM_OVERHEAD: usize = 128;

/// The sending end of a queue.
#[derive(Debug)]
pub(crate) struct QueueSender<T> {
    items: mpsc::UnboundedSender<T>,
    level: Arc<Level>,
    size_of: fn(&T) -> usize,
}

/// The receiving end of a queue.
#[derive(Debug)]
pub(crate) struct QueueReceiver<T> {
    items: mpsc::UnboundedReceiver<T>,
    level: Arc<Level>,
    size_of: fn(&T) -> usize,
}

/// How full a queue is.
#[derive(Debug)]
struct Level {
    bytes: AtomicUsize,
    limit: usize,
    reduced: Notify,
}

/// Creates a queue that has room while it holds less than `limit` bytes. `size_of` returns the size
/// of an item in bytes.
pub(crate) fn byte_queue<T>(limit: usize, size_of: fn(&T) -> usize) -> (QueueSender<T>, QueueReceiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let level = Arc::new(Level { bytes: AtomicUsize::new(0), limit, reduced: Notify::new() });
    let queue = QueueReceiver { items: receiver, level: Arc::clone(&level), size_of };
    (QueueSender { items: sender, level, size_of }, queue)
}

// `derive` would require `T: Clone`.
impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), level: Arc::clone(&self.level), size_of: self.size_of }
    }
}

impl<T> QueueSender<T> {
    /// Adds an item, even to a full queue. To wait for room, call [`has_room`](Self::has_room).
    pub(crate) fn send(&self, item: T) {
        self.level.bytes.fetch_add((self.size_of)(&item), Ordering::Relaxed);
        // Sending fails only if the receiver has been dropped, in which case nobody needs the item.
        let _ = self.items.send(item);
    }

    /// Waits until the queue has room. Returns `false` if the receiver has been dropped. Only one
    /// task or thread may wait at a time.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing changes.
    pub(crate) async fn has_room(&self) -> bool {
        while self.level.bytes.load(Ordering::Relaxed) >= self.level.limit {
            select! {
                () = self.level.reduced.notified() => {}
                () = self.items.closed() => break,
            }
        }
        !self.items.is_closed()
    }

    /// Waits until the receiver is dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing changes.
    pub(crate) async fn closed(&self) {
        self.items.closed().await;
    }
}

impl<T> QueueReceiver<T> {
    /// Blocks the thread until there is an item, and returns the item. Returns `None` when the
    /// queue is empty and all senders have been dropped.
    pub(crate) fn blocking_recv(&mut self) -> Option<T> {
        let item = self.items.blocking_recv()?;
        self.taken((self.size_of)(&item));
        Some(item)
    }

    /// Returns an item if there is one.
    pub(crate) fn try_recv(&mut self) -> Option<T> {
        let item = self.items.try_recv().ok()?;
        self.taken((self.size_of)(&item));
        Some(item)
    }

    /// Waits for an item, then moves up to `limit` queued items to the end of `items`. Returns the
    /// number of items moved, which is 0 only if all senders have been dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped before it completes, no item is taken out of the queue.
    pub(crate) async fn recv_many(&mut self, items: &mut Vec<T>, limit: usize) -> usize {
        let before = items.len();
        let count = self.items.recv_many(items, limit).await;
        self.taken(items[before..].iter().map(self.size_of).sum());
        count
    }

    fn taken(&self, bytes: usize) {
        self.level.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.level.reduced.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn poll_room(sender: &QueueSender<usize>) -> Poll<bool> {
        pin!(sender.has_room()).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn the_queue_takes_its_limit_and_one_item() {
        for (size, fit) in [(1, 10), (3, 4), (10, 1), (1000, 1)] {
            let (sender, mut receiver) = byte_queue(10, |size: &usize| *size);
            let mut sent = 0;
            while poll_room(&sender).is_ready() {
                sender.send(size);
                sent += 1;
            }
            assert_eq!(sent, fit, "items of {size} bytes");
            assert_eq!(receiver.try_recv(), Some(size));
            assert_eq!(poll_room(&sender).is_ready(), size * (fit - 1) < 10);
        }
    }

    #[tokio::test]
    async fn a_sender_that_waits_is_woken_by_room_and_by_the_end() {
        let (sender, mut receiver) = byte_queue(1, |size: &usize| *size);
        sender.send(1);
        let waiting = tokio::spawn({
            let sender = sender.clone();
            async move { sender.has_room().await }
        });
        tokio::task::yield_now().await;
        assert_eq!(receiver.recv_many(&mut Vec::new(), 9).await, 1);
        assert!(waiting.await.expect("no panic"));
        sender.send(1);
        let waiting = tokio::spawn(async move { sender.has_room().await });
        tokio::task::yield_now().await;
        drop(receiver);
        assert!(!waiting.await.expect("no panic"), "nobody receives");
    }
}

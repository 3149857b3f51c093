//! Two tasks, one socket.
//!
//! A connection that was split is read by one task and written by another, but both *write*: the reading task sends
//! Pongs and answers to a Close. A socket remembers only the last task that waited for it to become writable. If the
//! reader waits after the writer, the writer would never be woken again.
//!
//! So a socket that is not writable is given a waker that wakes both. It is the same with the timer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Wake, Waker},
};

/// Which of the two waits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Reader,
    Writer,
}

/// Wakes everyone who waits.
#[derive(Debug, Default)]
pub(crate) struct SharedWakers {
    waiting: Mutex<[Option<Waker>; 2]>,
}

impl SharedWakers {
    pub(crate) fn wait(&self, side: Side, waker: &Waker) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting[side as usize] = Some(waker.clone());
    }

    /// Wakes the one who waits on the other side.
    pub(crate) fn wake_other(&self, side: Side) {
        let other = match side {
            Side::Reader => Side::Writer,
            Side::Writer => Side::Reader,
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = waiting[other as usize].take() {
            drop(waiting);
            waker.wake();
        }
    }
}

impl Wake for SharedWakers {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

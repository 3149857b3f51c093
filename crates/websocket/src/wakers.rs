//! One waker for two tasks. The [driver](crate::driver) explains when it is needed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Wake, Waker},
};

/// One of the two tasks of a split connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Read,
    Write,
}

/// The wakers of the two tasks of a split connection. As a [`Wake`], it wakes both tasks.
#[derive(Debug, Default)]
pub(crate) struct SharedWakers {
    waiting: Mutex<[Option<Waker>; 2]>,
}

impl SharedWakers {
    /// Registers the waker of the task on `side`.
    pub(crate) fn wait(&self, side: Side, waker: &Waker) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting[side as usize] = Some(waker.clone());
    }

    /// Wakes the task on the other side, if that task has registered a waker.
    pub(crate) fn wake_other(&self, side: Side) {
        let other = match side {
            Side::Read => Side::Write,
            Side::Write => Side::Read,
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = waiting[other as usize].take() {
            // Unlock before waking. The woken task may poll at once, on another thread, and it
            // needs the lock to register again.
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

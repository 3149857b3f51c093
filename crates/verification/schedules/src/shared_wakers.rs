//! Checks two tasks that wait for one socket through [`SharedWakers`], in every order of their
//! steps.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, RwLock},
    task::{Context, Poll, Waker},
};

use shuttle::future::{block_on, spawn};

use crate::wakers::{SharedWakers, Side};

/// A socket that is not writable until `become_writable` is called, and that remembers only the
/// most recent waker. Its lock is not one of `shuttle`'s, so `shuttle` never switches tasks in the
/// middle of a call.
#[derive(Default)]
struct Socket(RwLock<(bool, Option<Waker>)>);

impl Socket {
    fn poll_write(&self, waker: &Waker) -> Poll<()> {
        let (is_writable, registered) = &mut *self.0.write().unwrap();
        if *is_writable {
            return Poll::Ready(());
        }
        *registered = Some(waker.clone());
        Poll::Pending
    }

    fn become_writable(&self) {
        let waker = std::mem::replace(&mut *self.0.write().unwrap(), (true, None)).1;
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Models how `Driver::poll_transmit` uses the shared wakers. The two tasks never call it at the
/// same time, because each holds the split connection's lock throughout its poll.
fn poll_transmit(socket: &Socket, shared: &Mutex<Option<Arc<SharedWakers>>>, side: Side, cx: &Context<'_>) -> Poll<()> {
    let mut shared = shared.lock().unwrap();
    let wakers = Arc::clone(shared.get_or_insert_default());
    wakers.wait(side, cx.waker());
    let written = socket.poll_write(&Waker::from(wakers));
    if written.is_ready()
        && let Some(wakers) = shared.take()
    {
        wakers.wake_other(side);
    }
    written
}

/// Runs two tasks that wait for one socket, in every order of their steps. Returns the number of
/// orders.
///
/// # Panics
/// Panics if a task sleeps forever in any of these orders.
#[must_use]
pub fn in_every_order() -> usize {
    shuttle::Runner::new(shuttle::scheduler::DfsScheduler::new(None, false), shuttle::Config::default()).run(|| {
        block_on(async {
            let socket = Arc::<Socket>::default();
            let shared = Arc::<Mutex<Option<Arc<SharedWakers>>>>::default();
            let tasks = [Side::Read, Side::Write].map(|side| {
                let (socket, shared) = (Arc::clone(&socket), Arc::clone(&shared));
                spawn(async move { poll_fn(|cx| poll_transmit(&socket, &shared, side, cx)).await })
            });
            socket.become_writable();
            for task in tasks {
                task.await.unwrap();
            }
        });
    })
}

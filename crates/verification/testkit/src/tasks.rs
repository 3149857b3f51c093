//! Helpers for tests of asynchronous code: time limits, functions that poll a future once, and a
//! waker that counts its wake-ups.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// Runs `future` for at most ten seconds, so that a test cannot hang. Panics if the future takes
/// longer. A test should need less than one second.
pub async fn with_timeout<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("the test hangs")
}

/// Runs `future` for at most one hour of virtual time, in a test that has paused tokio's clock.
///
/// A paused clock advances to the next deadline whenever all tasks are waiting. If no other
/// deadline exists, the clock advances by the whole hour at once, and the test fails without a real
/// delay.
pub async fn with_paused_timeout<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(3600), future).await.expect("the test hangs")
}

/// Runs `work` in a thread for at most ten seconds. Use this function for a poll that may never
/// return, because [`with_timeout`] cannot interrupt a poll.
pub fn in_thread_with_timeout(work: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match wait.recv_timeout(Duration::from_secs(10)) {
        Ok(()) => thread.join().expect("the thread has finished its work"),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a poll never returns"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().expect_err("only a panic drops the sender"))
        }
    }
}

/// Yields a thousand times, so that the sockets and the other tasks of this thread can make
/// progress.
pub async fn yield_to_other_tasks() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

/// A waker that counts its wake-ups.
#[derive(Debug, Default)]
pub struct CountingWaker(AtomicUsize);

impl CountingWaker {
    /// Creates a counter and a waker that increments it.
    #[must_use]
    pub fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::<Self>::default();
        (Arc::clone(&counter), Waker::from(counter))
    }

    /// Returns the number of wake-ups since the last call to this method.
    pub fn take_count(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls a future once and returns its output. Panics if the future is not ready.
#[track_caller]
pub fn ready<F: Future>(future: F) -> F::Output {
    match poll_with(pin!(future), Waker::noop()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

/// Polls a future once and then drops it. Returns `true` if the poll returned `Pending`.
pub fn is_pending<F: Future>(future: F) -> bool {
    poll_with(pin!(future), Waker::noop()).is_pending()
}

/// Polls a future once with this waker.
pub fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

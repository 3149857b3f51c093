//! Receives events, and notices when a closing server has gone silent.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep},
};
use websocket::{Event, ReadHalf, protocol::State};

use crate::ending::Cause;

/// Waits for the next event.
///
/// The library has a closing deadline of its own, which counts from the Close. But after a long
/// input, more answers may be on their way than can arrive in that time, and each of them shows
/// that the server is still working. So this timer starts anew for each message: the caller clears
/// `timer` when a message has arrived. The library's deadline is set so far ahead that it never
/// expires (see `opening::NEVER`).
///
/// # Errors
/// Returns the reason why there will be no further event: the connection ended, it failed, or it
/// was closing and `close_timeout` has passed.
///
/// # Cancel safety
/// A dropped future has taken no event, and `timer` keeps running.
pub(crate) async fn next_event<S: AsyncRead + AsyncWrite + Unpin>(
    read_half: &mut ReadHalf<S>,
    timer: &mut Option<Pin<Box<Sleep>>>,
    close_timeout: Duration,
) -> Result<Event, Cause> {
    poll_fn(|cx| {
        // `next_event` is cancel-safe, so a new future for each poll does as well as a single one.
        // Between polls the borrow ends, so the state can be read. It changes when we send a Close,
        // when the server does, or when the server breaks a rule.
        match pin!(read_half.next_event()).poll(cx) {
            Poll::Ready(Some(Ok(event))) => return Poll::Ready(Ok(event)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Cause::Failure(error))),
            Poll::Ready(None) => return Poll::Ready(Err(Cause::End)),
            Poll::Pending => {}
        }
        // An open connection may be silent for as long as it likes.
        if read_half.state() == State::Open {
            return Poll::Pending;
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(close_timeout)));
        timer.as_mut().poll(cx).map(|()| Err(Cause::Silence(close_timeout)))
    })
    .await
}

//! Receives events, and detects a server that goes silent while the connection is closing.

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
/// While the connection is closing, `timer` limits how long the server may be silent. The timer
/// restarts with each message, because the caller sets `timer` to `None` when a message arrives.
///
/// The library's own closing deadline does not restart. After a long input, the server may need
/// longer than that deadline to send all its messages, and each message shows that the server is
/// still working. So the library's deadline is set so far ahead that it never expires (see
/// `opening::NEVER`).
///
/// # Errors
/// Returns the reason why there will be no further event: the connection has ended, the connection
/// has failed, or no message has arrived for `close_timeout` while the connection was closing.
///
/// # Cancel safety
/// If the future is dropped, no event is lost, and `timer` keeps running.
pub(crate) async fn next_event<S: AsyncRead + AsyncWrite + Unpin>(
    read_half: &mut ReadHalf<S>,
    timer: &mut Option<Pin<Box<Sleep>>>,
    close_timeout: Duration,
) -> Result<Event, Cause> {
    poll_fn(|cx| {
        // `next_event` is cancel-safe, so each poll can create a new future and drop it at the end
        // of this `match`. Dropping it ends the borrow of `read_half`, so the state can be read
        // below. The state changes when we send a Close, when the server sends a Close, or when the
        // server breaks a rule.
        match pin!(read_half.next_event()).poll(cx) {
            Poll::Ready(Some(Ok(event))) => return Poll::Ready(Ok(event)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Cause::Failure(error))),
            Poll::Ready(None) => return Poll::Ready(Err(Cause::End)),
            Poll::Pending => {}
        }
        // The timer runs only while the connection is closing, because an open connection may be
        // silent indefinitely.
        if read_half.state() == State::Open {
            return Poll::Pending;
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(close_timeout)));
        timer.as_mut().poll(cx).map(|()| Err(Cause::Silence(close_timeout)))
    })
    .await
}

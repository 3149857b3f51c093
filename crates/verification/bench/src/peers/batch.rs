//! One flush for all messages that are there at the same time, for libraries that leave this to their user.

use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};

/// Messages answered with one flush. A bound, so that one busy connection does not keep the thread from the others.
const AT_ONCE: usize = 32;

/// Echoes the messages for which `is_data` holds: takes all that can be had without waiting, then answers, then flushes.
pub(super) async fn echo<C, M, E>(mut connection: C, is_data: impl Fn(&M) -> bool) -> Result<(), E>
where
    C: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    // Some libraries write what was fed as soon as they are asked for the next message. So all are taken first.
    let mut batch = Vec::new();
    while let Some(message) = connection.next().await {
        batch.push(message?);
        while batch.len() < AT_ONCE
            && let Some(Some(message)) = connection.next().now_or_never()
        {
            batch.push(message?);
        }
        for message in batch.drain(..).filter(&is_data) {
            connection.feed(message).await?;
        }
        connection.flush().await?;
    }
    Ok(())
}

//! Answers several messages with one flush, for libraries that leave flushing to the application.

use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};

/// The maximum number of messages per flush. The limit keeps a busy connection from starving the
/// others on the thread.
const MAX_BATCH: usize = 32;

/// Echoes the messages for which `is_data` returns `true`. Receives all messages that are available
/// without waiting, up to `MAX_BATCH`, then answers them and flushes once.
pub(super) async fn echo<C, M, E>(mut connection: C, is_data: impl Fn(&M) -> bool) -> Result<(), E>
where
    C: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    // Receive all messages before answering any: some libraries write queued messages as soon as
    // the application asks for the next message, which would defeat the batch.
    let mut batch = Vec::new();
    while let Some(message) = connection.next().await {
        batch.push(message?);
        while batch.len() < MAX_BATCH
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

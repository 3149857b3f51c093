//! Answers several messages with one flush, for libraries that leave the flush to the application.

use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};

/// The maximum number of messages per flush. The limit keeps a busy connection from starving the
/// others on the thread.
const MAX_BATCH: usize = 32;

/// Echoes the messages for which `is_data` returns true. The function receives all messages that
/// are available without waiting, then answers them, then flushes.
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

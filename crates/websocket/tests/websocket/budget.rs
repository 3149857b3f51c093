//! A connection lets the other tasks on its thread run, even if its peer sends without pausing.
//!
//! The stream in these tests is always ready and takes nothing from the task's budget, so only the
//! connection itself can yield. The tests do not measure time. They count how much work is done
//! between two turns of another task.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::{SinkExt, Stream, StreamExt, future::BoxFuture, stream};
use protocol::{Config, Limits, Message};
use testkit::{
    frames::{
        client_frame,
        first_byte::{CONTINUATION, FIRST_OF_TEXT, PONG, TEXT},
    },
    tasks::{with_timeout, yield_to_other_tasks},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websocket::{Events, MessageRef, Outbound, WebSocket};

use crate::support::{server, server_with};

/// The maximum number of small messages that a task handles before it yields: 32 messages for each
/// of the budget's 128 units, and another 32 messages before it notices that no unit is left.
const MESSAGES: usize = 129 * 32;

/// A stream whose reads return a pattern again and again, and whose writes accept everything.
#[derive(Debug)]
struct FloodStream {
    /// Many repetitions of the pattern.
    pattern: Vec<u8>,
    /// The bytes before the first repetition.
    start: Vec<u8>,
    position: usize,
    /// The number of bytes left before the end of the stream.
    remaining: usize,
    /// The number of bytes that reads have returned.
    read: Arc<AtomicUsize>,
}

impl FloodStream {
    /// Creates a stream that starts with `start` and then repeats `pattern`. It ends after 40 MiB,
    /// so that even a failing test ends.
    fn new(start: &[u8], pattern: &[u8]) -> Self {
        let pattern = pattern.repeat((64 << 10) / pattern.len() + 1);
        Self { pattern, start: start.to_vec(), position: 0, remaining: 40 << 20, read: Arc::default() }
    }
}

impl AsyncRead for FloodStream {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let start = std::mem::take(&mut self.start);
        buf.put_slice(&start);
        let before = buf.filled().len();
        while buf.remaining() > 0 && self.remaining > 0 {
            let piece = &self.pattern[self.position..];
            let count = piece.len().min(buf.remaining()).min(self.remaining);
            buf.put_slice(&piece[..count]);
            self.position = (self.position + count) % self.pattern.len();
            self.remaining -= count;
        }
        self.read.fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FloodStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs `work` alongside another task. Returns the largest increase of `progress` between two turns
/// of that task.
async fn largest_step(work: impl Future<Output = ()> + Send + 'static, progress: &AtomicUsize) -> usize {
    let work = tokio::spawn(work);
    let mut largest = 0;
    let mut before = 0;
    for _ in 0..10 {
        tokio::task::yield_now().await;
        let after = progress.load(Ordering::Relaxed);
        largest = largest.max(after - before);
        before = after;
    }
    assert!(before > 0, "nothing was done");
    work.abort();
    largest
}

/// Receives messages endlessly, and counts them.
type Receive = fn(WebSocket<FloodStream>, Arc<AtomicUsize>) -> BoxFuture<'static, ()>;

/// All ways to receive messages.
const WAYS: [(&str, Receive); 9] = [
    ("next", |mut server, count| {
        Box::pin(async move {
            while server.next().await.is_some() {
                add(&count);
            }
        })
    }),
    ("next_event", |mut server, count| {
        Box::pin(async move {
            while server.next_event().await.is_some() {
                add(&count);
            }
        })
    }),
    ("serve", |mut server, count| {
        Box::pin(async move {
            let counting = |_: MessageRef<'_>, _: &mut Outbound<'_>| {
                add(&count);
                Ok(())
            };
            server.serve(counting).await.expect_err("the peer leaves without a Close");
        })
    }),
    ("Stream", |server, count| Box::pin(drain(server, count))),
    ("Events", |server, count| Box::pin(drain(Events(server), count))),
    ("next of a half", |server, count| {
        Box::pin(async move {
            let (mut read_half, _write_half) = server.into_split();
            while read_half.next().await.is_some() {
                add(&count);
            }
        })
    }),
    ("next_event of a half", |server, count| {
        Box::pin(async move {
            let (mut read_half, _write_half) = server.into_split();
            while read_half.next_event().await.is_some() {
                add(&count);
            }
        })
    }),
    ("Stream of a half", |server, count| Box::pin(drain(server.into_split().0, count))),
    ("Events of a half", |server, count| Box::pin(drain(Events(server.into_split().0), count))),
];

/// Receives all items of a stream.
async fn drain(mut stream: impl Stream + Unpin, count: Arc<AtomicUsize>) {
    while stream.next().await.is_some() {
        add(&count);
    }
}

fn add(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test]
async fn a_flood_of_small_messages_lets_other_tasks_run_in_every_way_to_receive() {
    for (name, receive) in WAYS {
        let flood = FloodStream::new(&[], &client_frame(TEXT, "x"));
        let count = Arc::<AtomicUsize>::default();
        let largest = largest_step(receive(server(flood), Arc::clone(&count)), &count).await;
        assert!(largest <= MESSAGES, "{name}: {largest} messages in one turn");
    }
}

#[tokio::test]
async fn a_flood_of_fragments_lets_other_tasks_run_in_every_way_to_receive() {
    for (name, receive) in WAYS {
        // The message never ends, so the connection has nothing to return.
        let flood = FloodStream::new(&client_frame(FIRST_OF_TEXT, ""), &client_frame(CONTINUATION, ""));
        let server = server_with(flood, Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(u32::MAX)));
        let read = Arc::clone(&server.get_ref().read);
        let largest = largest_step(receive(server, Arc::default()), &read).await;
        assert!(largest <= 640 << 10, "{name}: {largest} bytes of fragments in one turn");
    }
}

#[tokio::test]
async fn a_flood_of_pongs_lets_other_tasks_run_in_every_way_to_receive() {
    for (name, receive) in WAYS {
        let flood = FloodStream::new(&[], &client_frame(PONG, ""));
        let limits = Limits::DEFAULT.max_control_frames_per_second(u32::MAX);
        let server = server_with(flood, Config::DEFAULT.limits(limits));
        let read = Arc::clone(&server.get_ref().read);
        let largest = largest_step(receive(server, Arc::default()), &read).await;
        assert!(largest <= 640 << 10, "{name}: {largest} bytes of Pongs in one turn");
    }
}

#[tokio::test]
async fn messages_of_64_kib_are_paid_for_by_their_size() {
    for (name, receive) in WAYS {
        let flood = FloodStream::new(&[], &client_frame(0x82, vec![7; 64 << 10]));
        let count = Arc::<AtomicUsize>::default();
        let largest = largest_step(receive(server(flood), Arc::clone(&count)), &count).await;
        assert!(largest <= 33, "{name}: {largest} messages of 64 KiB in one turn");
    }
}

/// A small payload can inflate to a large message.
#[cfg(feature = "deflate")]
#[tokio::test]
async fn compressed_messages_are_paid_for_by_their_inflated_size() {
    use protocol::{Connection, DeflateOptions};
    use testkit::deflate::negotiate;

    let negotiated = negotiate(&DeflateOptions::FRUGAL, &DeflateOptions::FRUGAL);
    let now = std::time::Instant::now();
    let mut client = Connection::client(Config::DEFAULT, testkit::masking::repeated_key([1, 2, 3, 4]), now)
        .with_deflate(&negotiated.client);
    client.send(Message::binary(vec![0; 1 << 20])).unwrap();
    let Some(protocol::Transmit::Bytes(queue)) = client.poll_transmit() else { panic!("nothing to send") };
    let frame = bytes::Buf::copy_to_bytes(queue, bytes::Buf::remaining(queue));
    assert!(frame.len() < 20_000, "{} bytes", frame.len());
    for (name, receive) in WAYS {
        let flood = FloodStream::new(&[], &frame);
        let connection = Connection::server(Config::DEFAULT, now).with_deflate(&negotiated.server);
        let count = Arc::<AtomicUsize>::default();
        let largest = largest_step(receive(WebSocket::new(flood, connection), Arc::clone(&count)), &count).await;
        assert!(largest <= 3, "{name}: {largest} messages of 1 MiB in one turn");
    }
}

#[tokio::test]
async fn a_task_that_sends_without_a_pause_lets_other_tasks_run() {
    let count = Arc::<AtomicUsize>::default();
    let messages = {
        let count = Arc::clone(&count);
        stream::iter(0..1_000_000).map(move |_| {
            add(&count);
            Ok(Message::text("x"))
        })
    };
    let forward = async move {
        let (_read_half, mut write_half) = server(FloodStream::new(&[], &[0])).into_split();
        let mut messages = messages;
        write_half.send_all(&mut messages).await.unwrap();
    };
    let largest = largest_step(forward, &count).await;
    assert!(largest <= MESSAGES + 1, "{largest} messages in one turn");
}

/// Before it yields, a task writes the answers that it has queued, as it does before it waits for
/// anything else.
#[tokio::test]
async fn answers_are_written_before_a_task_yields() {
    let flood = FloodStream::new(&[], &client_frame(TEXT, "x"));
    let mut server = server(flood);
    let (mut fed, mut turns) = (0, 0);
    let work = async {
        loop {
            server.next().await.unwrap().unwrap();
            server.feed("x").await.unwrap();
            fed += 1;
            if fed > 3 * MESSAGES {
                return server;
            }
        }
    };
    let mut work = Box::pin(work);
    let server = with_timeout(std::future::poll_fn(|cx| {
        turns += 1;
        work.as_mut().poll(cx)
    }))
    .await;
    assert!(turns > 3, "{turns} turns");
    // Both messages and answers use up the budget, so a turn handles half as many messages.
    assert!(server.queued_bytes() <= 3 * MESSAGES, "{} bytes are queued", server.queued_bytes());
    yield_to_other_tasks().await;
}

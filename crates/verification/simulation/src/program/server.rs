//! Starts and stops the program, and watches its connections from outside.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use simulated_server::Socket;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::{ProgramPlan, Service};
use crate::{
    ledger::{InUse, Ledger},
    network::{Network, Side, Stream},
    scenario::Scenario,
    server::{LINGER, MAX_QUEUED, SERVER, SLACK, end_limit},
};

/// The maximum total size, in bytes, of the chat texts that at least one member has not yet
/// received. The value comes from `docs/SECURITY.md`.
const MAX_BACKLOG: u64 = 1 << 20;

/// The maximum number of bytes from one member of the chat that the program may hold on
/// top of [`MAX_BACKLOG`]: 64 KiB of texts that wait for space, the one text that may exceed this
/// limit, and any bytes after that text that have already been read.
const MAX_UNSAID: u64 = 3 * (64 << 10);

/// The maximum number of bytes in a conversation that are not payload: requests, frame headers,
/// masking keys and control frames.
const NO_PAYLOAD: u64 = 1 << 20;

/// Runs the program until `shutdown` is cancelled and the program has ended, or until the task is
/// aborted.
pub async fn run(network: Arc<Network>, scenario: Arc<Scenario>, ledger: Arc<Ledger>, shutdown: CancellationToken) {
    let Some(plan) = &scenario.program else { return };
    let mut queue = network.listen(SERVER);
    let (sender, accepted) = mpsc::unbounded_channel::<Socket>();
    let read_from_chat = Arc::new(AtomicU64::new(0));
    let accepting = async {
        loop {
            let stream = tokio::select! {
                biased;
                // The program has stopped listening.
                () = sender.closed() => break drop(queue),
                stream = queue.recv() => stream,
            };
            let Some(stream) = stream else { break };
            let served = Served::new(stream, plan, &scenario, &ledger, Arc::clone(&read_from_chat));
            let _ = sender.send(Box::new(served));
        }
        std::future::pending::<()>().await;
    };
    let command_line = options(plan, &scenario);
    let ended = tokio::select! {
        biased;
        ended = simulated_server::run(&command_line, accepted, shutdown) => ended,
        () = accepting => Ok(()),
    };
    if let Err(error) = ended {
        ledger.fail(format!("the program does not start: {error}"));
    }
}

/// Returns the command line of the program.
fn options(plan: &ProgramPlan, scenario: &Scenario) -> Vec<String> {
    let times = [
        ("interval", plan.push_interval),
        ("write-timeout", plan.write_timeout),
        ("close-timeout", scenario.close_timeout),
        ("handshake-timeout", scenario.handshake_timeout),
        ("ping-interval", scenario.keep_alive.interval),
    ];
    let mut options: Vec<_> = times.iter().map(|(name, time)| format!("--{name}={}ms", time.as_millis())).collect();
    if plan.deflate {
        options.push("--deflate".to_owned());
    }
    options
}

/// A stream that the program uses.
struct Served {
    stream: Stream,
    ledger: Arc<Ledger>,
    /// Held until the program drops the stream.
    _used: InUse,
    memory: Option<Memory>,
}

/// A limit on the number of bytes that the program holds for a connection. This number is computed:
/// what the program has read for this connection, minus what it has written to it.
struct Memory {
    limit: u64,
    /// The number of bytes that all members of the chat have sent to the program, and its value
    /// when this member connected. `None` for a client of `/echo`, which gets only its own bytes
    /// back.
    chat: Option<(Arc<AtomicU64>, u64)>,
}

impl Served {
    fn new(
        stream: Stream,
        plan: &ProgramPlan,
        scenario: &Scenario,
        ledger: &Arc<Ledger>,
        read_from_chat: Arc<AtomicU64>,
    ) -> Self {
        // In the worst case, all the steps in which a client can stay silent follow one another, so
        // add up their time limits. A client that does not read is disconnected by the keep-alive,
        // or earlier by the write time-out.
        let max_silence = 2 * scenario.handshake_timeout + LINGER + plan.write_timeout + end_limit(scenario) + SLACK;
        let used = ledger.open(stream.id(), Side::Server, max_silence);
        let client = stream.peer() - 1;
        let memory = match plan.service(client) {
            // A compressed message has a different size on the wire, so the numbers of bytes read
            // and written cannot be compared.
            _ if plan.deflate => None,
            Service::Stats => None,
            Service::Echo => {
                // The observer of `/echo` is numbered after the clients and has no plan.
                let max_message = scenario.clients.get(client).map_or(0, |plan| plan.max_message);
                Some(Memory { limit: MAX_QUEUED as u64 + 2 * max_message + NO_PAYLOAD, chat: None })
            }
            Service::Chat => {
                let members = scenario.clients.len() as u64;
                let before = read_from_chat.load(Ordering::Relaxed);
                let limit = MAX_BACKLOG + MAX_QUEUED as u64 + members * MAX_UNSAID + NO_PAYLOAD;
                Some(Memory { limit, chat: Some((read_from_chat, before)) })
            }
        };
        Self { stream, ledger: Arc::clone(ledger), _used: used, memory }
    }

    /// Checks how many bytes the program holds for this connection, after it has read `read` more
    /// bytes.
    fn check_memory(&self, read: u64) {
        let Some(Memory { limit, chat }) = &self.memory else { return };
        let own = self.stream.bytes_read();
        let received = match chat {
            None => own,
            // Count what the program has read from the other members since this member connected.
            Some((all, before)) => {
                all.fetch_add(read, Ordering::Relaxed);
                (all.load(Ordering::Relaxed) - before).saturating_sub(own)
            }
        };
        self.ledger.check_buffered(received.saturating_sub(self.stream.bytes_written()), *limit);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ledger.fail("the program panicked".to_owned());
        }
    }
}

impl AsyncRead for Served {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = self.stream.bytes_read();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.check_memory(self.stream.bytes_read() - before);
        }
        read
    }
}

impl AsyncWrite for Served {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns the time within which the program must end after a signal.
#[must_use]
pub fn stop_limit(scenario: &Scenario) -> Duration {
    scenario.close_timeout + SLACK
}

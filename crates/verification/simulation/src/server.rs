//! The server, which acknowledges every message by sending back either its number or the whole
//! message.

use std::{sync::Arc, time::Duration};

use protocol::{Message, MessageRef, MessageTimeout, Violation, handshake::UpgradeOptions};
use tokio::{
    sync::mpsc,
    task::{JoinSet, consume_budget},
};
use websocket::{Error, ServerConfig, WebSocket, read_request};

use crate::{
    ledger::{InUse, Ledger},
    message::{check, message, wire_size},
    network::{HostId, Network, Side, Stream},
    scenario::{ClientPlan, Scenario, Style},
};

/// The host of the server.
pub const SERVER: HostId = 0;

/// How much later than planned a deadline may take effect: tokio's timers count whole milliseconds,
/// and each deadline that depends on another one adds a millisecond.
pub const SLACK: Duration = Duration::from_millis(500);

/// The limit, in bytes, that `docs/SECURITY.md` sets for a connection's send queue. One further
/// message may exceed this limit.
pub const MAX_QUEUED: usize = 320 << 10;

/// The maximum total size, in bytes, of the control frames that may be queued in addition to the
/// data: 64 Pongs, and 1 KiB for Pings.
const CONTROL_FRAMES: usize = 64 * 127 + 1024;

/// The maximum time for which the server keeps reading from a rejected client, as in
/// `docs/SECURITY.md`.
pub const LINGER: Duration = Duration::from_secs(10);

/// Returns the maximum time from a dead peer's last sign of life until the keep-alive ends the
/// connection.
///
/// The last sign of life may be a byte that arrives just after a Ping was queued. The keep-alive
/// notices that byte only when the time-out of that Ping ends, so the next Ping follows after the
/// interval or the time-out, whichever is longer. The wait for its answer takes one more time-out.
#[must_use]
pub fn keep_alive_limit(scenario: &Scenario) -> Duration {
    let keep_alive = scenario.keep_alive;
    keep_alive.interval.max(keep_alive.timeout) + keep_alive.timeout + SLACK
}

/// Returns the maximum time for both steps of closing a connection.
#[must_use]
pub fn close_limit(scenario: &Scenario) -> Duration {
    2 * scenario.close_timeout + SLACK
}

/// Returns the maximum time from a dead peer's last sign of life to the end of the connection,
/// however it ends. This is the sum of the limits for the keep-alive and for closing: the
/// connection may begin to close shortly before the keep-alive would report the peer as dead, for
/// example because a message has arrived too slowly, and closing may then take its full time.
#[must_use]
pub fn end_limit(scenario: &Scenario) -> Duration {
    keep_alive_limit(scenario) + close_limit(scenario)
}

/// Runs the server's program until the task is aborted.
pub async fn run(network: Arc<Network>, scenario: Arc<Scenario>, ledger: Arc<Ledger>) {
    let mut queue = network.listen(SERVER);
    let mut tasks = JoinSet::new();
    while let Some(stream) = queue.recv().await {
        tasks.spawn(serve(stream, Arc::clone(&scenario), Arc::clone(&ledger)));
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                ledger.fail(format!("the server panicked: {error}"));
            }
        }
    }
}

/// One connection of the server.
struct Conversation {
    ledger: Arc<Ledger>,
    session: u64,
    plan: ClientPlan,
    /// The total size on the wire, in bytes, of the request and all messages since then.
    consumed: u64,
}

/// Serves one client, from its request to the end of the connection.
async fn serve(stream: Stream, scenario: Arc<Scenario>, ledger: Arc<Ledger>) {
    let (id, hosts) = (stream.id(), stream.hosts());
    let watch = ledger.watch(hosts);
    let config = ServerConfig::default().handshake_timeout(scenario.handshake_timeout).config(scenario.config(true));
    let used = ledger.open(id, Side::Server, 2 * scenario.handshake_timeout + LINGER + SLACK);
    let Ok(incoming) = read_request(stream, &config).await else { return };
    // The path is /SESSION/CLIENT.
    let mut path = incoming.request().path().split('/').skip(1).map(str::parse::<u64>);
    let (Some(Ok(session)), Some(Ok(client))) = (path.next(), path.next()) else {
        return ledger.fail("a request with another path arrived".to_owned());
    };
    let plan = usize::try_from(client).ok().and_then(|client| scenario.clients.get(client));
    let plan = plan.cloned().unwrap_or_else(ClientPlan::observer);
    let pauses_long = Duration::from_millis(plan.max_stall) >= MessageTimeout::DEFAULT.base;
    let config = if plan.deflate { config.deflate(Scenario::deflate()) } else { config };
    let mut read = 0;
    // The client waits for the response before it sends a frame, so only its request has been read.
    let incoming = incoming.map_stream(|stream| {
        read = stream.bytes_read();
        stream
    });
    let Ok(connection) = incoming.accept(UpgradeOptions::default(), &config).await else { return };
    ledger.expect_end(&used, end_limit(&scenario));
    let style = plan.server_style;
    let conversation = Conversation { ledger: Arc::clone(&ledger), session, plan, consumed: read };
    let result = match style {
        Style::Serve => conversation.serve(connection).await,
        Style::Whole => conversation.whole(connection).await,
        Style::Split => conversation.split(connection, &used).await,
    };
    if let Err(Error::Violation(violation)) = result {
        let is_dead = violation == Violation::PongOverdue;
        ledger.end(false, is_dead);
        if is_dead {
            ledger.check_report_of_dead_peer(&used, keep_alive_limit(&scenario));
        }
        // A message can time out because of a fault, or because the client's program pauses while
        // part of the message is still in its send queue.
        let is_slowed =
            matches!(violation, Violation::MessageTooSlow { .. }) && (!watch.is_undisturbed() || pauses_long);
        if !is_dead && !is_slowed {
            ledger.fail(format!("the server says that the client of session {session} broke a rule: {violation}"));
        }
    }
}

impl Conversation {
    /// Records a message, and returns its acknowledgement.
    fn receive(&self, received: &Message) -> Message {
        let number = check(received);
        self.ledger.receive(self.session, number.clone());
        if self.plan.echo { received.clone() } else { message(number.unwrap_or_default(), 0) }
    }

    fn max_message(&self) -> usize {
        usize::try_from(self.plan.max_message).unwrap_or(usize::MAX)
    }

    fn check_queued(&self, queued: usize) {
        self.ledger.check_queued(queued, MAX_QUEUED + self.max_message() + CONTROL_FRAMES);
    }

    /// Counts a message with a payload of this size as consumed, and then checks how many bytes
    /// have been read but not yet consumed.
    fn check_buffered(&mut self, payload: usize, bytes_read: u64) {
        self.consumed += wire_size(payload);
        // The wire size of a compressed message is not known here.
        if !self.plan.deflate {
            let max = MAX_QUEUED + self.max_message() + CONTROL_FRAMES;
            self.ledger.check_buffered(bytes_read.saturating_sub(self.consumed), max as u64);
        }
    }

    async fn serve(self, mut connection: WebSocket<Stream>) -> Result<(), Error> {
        connection
            .serve(|received: MessageRef<'_>, outbound| Ok(outbound.send(self.receive(&received.into_message()))?))
            .await
    }

    async fn whole(mut self, mut connection: WebSocket<Stream>) -> Result<(), Error> {
        while let Some(received) = connection.next().await {
            let received = received?;
            self.check_buffered(received.len(), connection.get_ref().bytes_read());
            let answer = self.receive(&received);
            // The client may already have started the closing handshake.
            if connection.state() == protocol::State::Open {
                connection.feed(answer).await?;
            }
            self.check_queued(connection.queued_bytes());
        }
        Ok(())
    }

    /// Serves a connection split into two halves. The caller keeps `used` until both halves are
    /// dropped.
    async fn split(mut self, connection: WebSocket<Stream>, _used: &InUse) -> Result<(), Error> {
        let (mut reader, mut writer) = connection.into_split();
        let (answers, mut queue) = mpsc::unbounded_channel();
        let (ledger, max) = (Arc::clone(&self.ledger), MAX_QUEUED + self.max_message() + CONTROL_FRAMES);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Some(answer) = queue.recv().await {
                // Flush only when no other answer is waiting, so that one write carries all waiting
                // answers.
                writer.feed(answer).await?;
                ledger.check_queued(writer.queued_bytes(), max);
                if queue.is_empty() {
                    writer.flush().await?;
                }
            }
            Ok::<_, Error>(())
        });
        while let Some(received) = reader.next().await {
            let received = received?;
            let bytes_read = reader.with_stream(Stream::bytes_read);
            self.check_buffered(received.len(), bytes_read);
            let _ = answers.send(self.receive(&received));
            consume_budget().await;
        }
        Ok(())
    }
}

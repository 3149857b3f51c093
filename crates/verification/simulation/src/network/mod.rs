//! An in-memory network: hosts, the links between them, and the TCP connections that the links
//! carry.
//!
//! Delays, losses and segment sizes are all drawn from one random number generator, and the time
//! comes from tokio's paused clock. The same seed therefore leads to the same run.
//!
//! ```text
//!   program ── write ─▶ [send buffer] ── carrier: delay, loss, partition ─▶ [receive buffer] ── read ─▶ program
//! ```
//!
//! A **carrier** is the task that carries one direction of one connection. It carries one segment
//! at a time, so a link with a long delay is also slow. A segment stays in the send buffer until it
//! has arrived, as TCP keeps bytes until they are acknowledged. A partition therefore loses
//! nothing: the segment arrives once the partition has healed.

mod connection;

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use dissector::Direction;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, mpsc},
    time::{Instant, sleep, timeout},
};

use self::connection::{Arrival, Connection};
pub use self::connection::{HostId, Side};
use crate::journal::Journal;

/// The time after which TCP gives up on an unacknowledged segment: as long as Linux takes for its
/// default of 15 retransmissions.
const RETRANSMISSION_LIMIT: Duration = Duration::from_secs(924);

/// The time after which TCP gives up on opening a connection: as long as Linux takes for its
/// default of 6 retransmissions.
const CONNECT_LIMIT: Duration = Duration::from_secs(127);

/// The time after which TCP first retransmits a segment.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// The maximum number of stream polls at one instant of virtual time. A correct program needs a few
/// thousand. A task that keeps waking itself without a pause would exceed any limit, and the
/// virtual clock would never advance.
const MAX_POLLS_PER_INSTANT: u64 = 2_000_000;

/// A link in one direction.
#[derive(Debug, Clone)]
pub struct Link {
    /// The minimum and the maximum delay of a segment, in milliseconds.
    pub delay: (u64, u64),
    /// The probability that a segment is lost and must be sent again after a time-out.
    pub loss: f64,
    /// The maximum size of a segment in bytes.
    pub segment: usize,
    /// Whether segments have random sizes up to the maximum, so that messages are cut at arbitrary
    /// places.
    pub cuts: bool,
    /// Whether the link carries nothing.
    pub blocked: bool,
}

impl Link {
    /// A link without loss that does not cut messages of up to 64 KiB.
    pub const PERFECT: Self = Self { delay: (1, 5), loss: 0.0, segment: 64 << 10, cuts: false, blocked: false };
}

/// A host.
#[derive(Debug, Default)]
struct Host {
    /// Whether the host has no power.
    lost: bool,
    /// The number of times that the host has lost power. Each end of a connection belongs to one
    /// boot of its host.
    boot: u32,
    /// The connection queue of the listening program, if there is one.
    listener: Option<mpsc::UnboundedSender<Stream>>,
}

#[derive(Debug)]
struct State {
    random: StdRng,
    hosts: Vec<Host>,
    /// The links, indexed by sending host and then by receiving host.
    links: Vec<Vec<Link>>,
    /// All connections, in the order in which they were opened.
    connections: Vec<Arc<Connection>>,
    polls: (Instant, u64),
}

/// The network.
#[derive(Debug)]
pub struct Network {
    state: Mutex<State>,
    /// Notified whenever a link or a host has changed. It wakes tasks in the order in which they
    /// began to wait, unlike tokio's channels with several receivers, which choose the order at
    /// random.
    changed: Notify,
    /// The sizes of the send buffer and the receive buffer for each direction of a connection.
    buffers: (usize, usize),
    /// The record of what was sent.
    pub journal: Journal,
}

impl Network {
    /// Creates a network of `hosts` hosts. All links are perfect.
    #[must_use]
    pub fn new(seed: u64, hosts: usize, buffers: (usize, usize), journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                random: StdRng::seed_from_u64(seed),
                hosts: (0..hosts).map(|_| Host::default()).collect(),
                links: vec![vec![Link::PERFECT; hosts]; hosts],
                connections: Vec::new(),
                polls: (Instant::now(), 0),
            }),
            changed: Notify::new(),
            buffers,
            journal,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a random number between two bounds, both inclusive.
    pub fn draw(&self, bounds: (u64, u64)) -> u64 {
        self.lock().random.random_range(bounds.0..=bounds.1)
    }

    /// Changes the link between two hosts in one direction.
    pub fn change_link(&self, from: HostId, to: HostId, change: impl FnOnce(&mut Link)) {
        change(&mut self.lock().links[from][to]);
        self.changed.notify_waiters();
    }

    /// Cuts off a host's power, so that it sends nothing more. The caller must end the host's
    /// tasks.
    pub fn lose(&self, host: HostId) {
        let mut state = self.lock();
        let host = &mut state.hosts[host];
        (host.lost, host.boot, host.listener) = (true, host.boot + 1, None);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Starts a host again.
    pub fn start(&self, host: HostId) {
        self.lock().hosts[host].lost = false;
        self.changed.notify_waiters();
    }

    /// Starts to listen on a host. Returns the queue of its incoming connections.
    pub fn listen(&self, host: HostId) -> mpsc::UnboundedReceiver<Stream> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().hosts[host].listener = Some(sender);
        receiver
    }

    /// Returns the connections of a host that are still in use at both ends.
    pub fn connections_of(&self, host: HostId) -> Vec<usize> {
        let state = self.lock();
        let connections = state.connections.iter().filter(|connection| {
            connection.hosts().contains(&host) && Side::BOTH.iter().all(|side| !connection.is_over(*side))
        });
        connections.map(|connection| connection.id).collect()
    }

    /// Ends a connection, as a middlebox does when it sends a reset to both ends.
    pub fn reset(&self, connection: usize) {
        let connection = Arc::clone(&self.lock().connections[connection]);
        for side in Side::BOTH {
            connection.fail(side, io::ErrorKind::ConnectionReset);
        }
    }

    /// Ends all connections used by the programs on a host, without informing the hosts at the
    /// other end.
    pub fn end_streams(&self, host: HostId) {
        let connections = self.lock().connections.clone();
        for connection in connections {
            let ends =
                Side::BOTH.into_iter().filter(|side| connection.host(*side) == host && !connection.is_over(*side));
            ends.for_each(|side| connection.fail(side, io::ErrorKind::ConnectionReset));
        }
    }

    /// Stops a connection from carrying anything more, as if a middlebox had forgotten it.
    pub fn forget(&self, connection: usize) {
        self.lock().connections[connection].forget();
    }

    /// Returns the last time at which this end of a connection read a byte from its peer, or
    /// learned that its peer had received one.
    #[must_use]
    pub fn last_sign_of_life(&self, connection: usize, side: Side) -> Instant {
        self.lock().connections[connection].last_sign_of_life(side)
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Returns `ConnectionRefused` if no program is listening, or `TimedOut` if the host does not
    /// answer.
    pub async fn connect(self: &Arc<Self>, from: HostId, to: HostId) -> io::Result<Stream> {
        let (connection, client, server) = {
            let mut state = self.lock();
            let ends = [(from, state.hosts[from].boot), (to, state.hosts[to].boot)];
            let connection = Arc::new(Connection::new(state.connections.len(), ends, self.buffers));
            state.connections.push(Arc::clone(&connection));
            let stream = |side| Stream::new(Arc::clone(self), Arc::clone(&connection), side);
            let (client, server) = (stream(Side::Client), stream(Side::Server));
            (connection, client, server)
        };
        if !self.transmit(&connection, Side::Client, CONNECT_LIMIT).await {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let listener = self.lock().hosts[to].listener.clone();
        let accepted = !connection.belongs_to_earlier_boot(Side::Server, self.boot(to))
            && listener.is_some_and(|listener| listener.send(server).is_ok());
        if !self.transmit(&connection, Side::Server, CONNECT_LIMIT).await {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if !accepted {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        for side in Side::BOTH {
            tokio::spawn(carry(Arc::clone(self), Arc::clone(&connection), side));
        }
        Ok(client)
    }

    fn boot(&self, host: HostId) -> u32 {
        self.lock().hosts[host].boot
    }

    /// Returns `true` if a segment can travel now.
    fn is_clear(&self, from: HostId, to: HostId) -> bool {
        let state = self.lock();
        !state.links[from][to].blocked && !state.hosts[from].lost && !state.hosts[to].lost
    }

    /// Waits until a segment from this side has reached the other host. Returns `false` if the
    /// sender gives up on it after `limit`.
    async fn transmit(&self, connection: &Connection, side: Side, limit: Duration) -> bool {
        let (from, to) = (connection.host(side), connection.host(side.other()));
        let begin = Instant::now();
        loop {
            let delay = {
                let mut state = self.lock();
                let link = state.links[from][to].clone();
                let mut delay = Duration::from_millis(state.random.random_range(link.delay.0..=link.delay.1));
                let mut retransmission = RETRANSMISSION;
                while state.random.random_bool(link.loss) {
                    delay += retransmission;
                    retransmission *= 2;
                }
                delay
            };
            sleep(delay).await;
            if connection.is_forgotten() {
                sleep(limit).await;
                return false;
            }
            if self.is_clear(from, to) {
                return true;
            }
            // TCP doubles the wait before each further attempt. When an outage ends, the time until
            // the next attempt may therefore be as long as the outage itself was.
            let Some(left) = limit.checked_sub(begin.elapsed()) else { return false };
            let cleared = timeout(left, async {
                loop {
                    // Everything runs on one thread, so no change can be missed between the check
                    // and the wait.
                    if self.is_clear(from, to) {
                        return;
                    }
                    self.changed.notified().await;
                }
            });
            if cleared.await.is_err() {
                return false;
            }
            let outage = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            let pause = self.draw((0, outage.min(60_000)));
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Counts a poll of a stream.
    fn count_poll(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        if state.polls.0 != now {
            state.polls = (now, 0);
        }
        state.polls.1 += 1;
        let polls = state.polls.1;
        drop(state);
        assert!(polls < MAX_POLLS_PER_INSTANT, "a task polls its stream again and again without waiting");
    }
}

/// Carries the bytes of one direction of a connection, from `side` to the other side.
async fn carry(network: Arc<Network>, connection: Arc<Connection>, side: Side) {
    let (from, to) = (connection.host(side), connection.host(side.other()));
    loop {
        let max = {
            let mut state = network.lock();
            let Link { segment, cuts, .. } = state.links[from][to];
            let cut = state.random.random_range(1..=segment);
            if cuts { cut } else { segment }
        };
        let Some(segment) = connection.next_segment(side, max).await else { return };
        let transmitted = network.transmit(&connection, side, RETRANSMISSION_LIMIT).await;
        // A host that has lost power sends nothing, and forgets everything.
        if connection.belongs_to_earlier_boot(side, network.boot(from)) {
            return;
        }
        if !transmitted {
            return connection.fail(side, io::ErrorKind::TimedOut);
        }
        let host_is_new = connection.belongs_to_earlier_boot(side.other(), network.boot(to));
        match connection.arrive(side, segment, host_is_new) {
            Arrival::Delivered => {}
            // The other host does not know this connection, and answers with a reset. If the reset
            // gets lost, the segment is sent again.
            Arrival::Unknown => {
                if network.transmit(&connection, side.other(), RETRANSMISSION).await {
                    return connection.fail(side, io::ErrorKind::ConnectionReset);
                }
            }
        }
    }
}

/// Sends a reset to one side of a connection. If the reset is lost, it is not repeated.
fn send_reset(network: &Arc<Network>, connection: &Arc<Connection>, to: Side) {
    // At the end of a run, streams are dropped after the runtime, so no task can be spawned.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let (network, connection) = (Arc::clone(network), Arc::clone(connection));
    runtime.spawn(async move {
        if network.transmit(&connection, to.other(), Duration::ZERO).await {
            connection.fail(to, io::ErrorKind::ConnectionReset);
        }
    });
}

/// One end of a simulated TCP connection.
#[derive(Debug)]
pub struct Stream {
    network: Arc<Network>,
    connection: Arc<Connection>,
    side: Side,
}

impl Stream {
    const fn new(network: Arc<Network>, connection: Arc<Connection>, side: Side) -> Self {
        Self { network, connection, side }
    }

    /// Returns the number of the connection.
    #[must_use]
    pub fn id(&self) -> usize {
        self.connection.id
    }

    /// Returns the hosts of the client and of the server.
    #[must_use]
    pub fn hosts(&self) -> [HostId; 2] {
        self.connection.hosts()
    }

    /// Returns the number of bytes that were read from this stream.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.connection.bytes_read(self.side)
    }

    /// Returns the number of bytes that were written to this stream.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.connection.bytes_written(self.side)
    }

    /// Returns the host at the other end.
    #[must_use]
    pub fn peer(&self) -> HostId {
        self.connection.host(self.side.other())
    }

    const fn outward(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ToServer,
            Side::Server => Direction::ToClient,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.network.count_poll();
        self.connection.poll_read(self.side, cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.network.count_poll();
        let written = self.connection.poll_write(self.side, cx, bytes);
        if let Poll::Ready(Ok(len)) = written {
            self.network.journal.bytes(self.connection.id, self.outward(), &bytes[..len]);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.shut_down(self.side);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let host = self.connection.host(self.side);
        let host_is_lost = self.connection.belongs_to_earlier_boot(self.side, self.network.boot(host));
        if self.connection.close(self.side, host_is_lost) {
            send_reset(&self.network, &self.connection, self.side.other());
        }
    }
}

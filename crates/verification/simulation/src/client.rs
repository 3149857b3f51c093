//! The clients: they send numbered messages, await their acknowledgements, close the connection,
//! and connect again.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use protocol::{CloseCode, CloseInfo, Message, MessageKind, frame::MaskingKey};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use websocket::{ConnectError, Connector, Error, ReadHalf, WebSocket, WriteHalf, observer::choose_masking_keys};

use crate::{
    ledger::{InUse, Ledger},
    message::{check, message},
    network::{HostId, Network, Side, Stream},
    scenario::{ClientPlan, Scenario, Style},
    server::{SERVER, close_limit, end_limit},
};

/// How long a client waits for the next acknowledgement before it closes the connection.
const PATIENCE: Duration = Duration::from_secs(300);

/// In [`Style::Whole`], a client sends no further message while at least this many bytes of its
/// messages are unacknowledged. A task that does not read while it writes must not send more than
/// the buffers hold.
const WINDOW: usize = 32 << 10;

/// One client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The network.
    pub network: Arc<Network>,
    /// The scenario, with this client's plan.
    pub scenario: Arc<Scenario>,
    /// The account of the run.
    pub ledger: Arc<Ledger>,
    /// The number of the client.
    pub number: usize,
}

/// Returns the host of a client.
#[must_use]
pub const fn host(client: usize) -> HostId {
    client + 1
}

/// Opens a session's WebSocket connection.
///
/// # Errors
/// As for TCP and for [`Connector::handshake`].
pub async fn open(
    network: &Arc<Network>,
    scenario: &Scenario,
    (session, number): (u64, usize),
    (keep_alive, deflate): (bool, bool),
) -> Result<WebSocket<Stream>, ConnectError> {
    let stream = network.connect(host(number), SERVER).await.map_err(ConnectError::Handshake)?;
    let connector = Connector::new(scenario.uri(session, number)).map_err(ConnectError::Usage)?;
    let connector = connector.handshake_timeout(scenario.handshake_timeout).config(scenario.config(keep_alive));
    let connector = if deflate { connector.deflate(Scenario::deflate()) } else { connector };
    choose_masking_keys(connector, masking_key).handshake(stream).await
}

/// Returns a fixed masking key for every frame, so that the frames have the same bytes in every
/// run.
#[allow(clippy::unnecessary_wraps, reason = "the library takes `None` for a random key")]
pub(crate) const fn masking_key() -> Option<MaskingKey> {
    Some(MaskingKey([1, 2, 3, 4]))
}

/// A session that has ended.
pub(crate) struct Attempt<T> {
    /// The number of the session.
    pub(crate) session: u64,
    /// How it ended.
    pub(crate) ended: T,
    /// Whether no fault was active at the client or the server during the session.
    pub(crate) undisturbed: bool,
}

impl Client {
    pub(crate) fn plan(&self) -> &ClientPlan {
        &self.scenario.clients[self.number]
    }

    /// Runs the client's program until the task is aborted.
    pub async fn run(self) {
        loop {
            let Attempt { session, ended, undisturbed } = self.attempt(|session| self.session(session)).await;
            self.network.journal.note(|| format!("session {session} ends: {ended:?}"));
            let plan = self.plan();
            let is_clean = matches!(ended, Ok(true));
            self.ledger.end(is_clean, false);
            let account = self.ledger.session(session);
            // Skip this check for the program `server`: it does not report what it receives, so the
            // ledger infers this from the answers, which may be lost.
            if is_clean && self.scenario.program.is_none() && account.received != account.sent {
                let wrong = format!("session {session} closed cleanly, but not every message had arrived: {account:?}");
                self.ledger.fail(wrong);
            }
            // Without a fault, the session must end cleanly, and every message must be
            // acknowledged.
            if undisturbed && plan.link.loss == 0.0 && plan.max_stall == 0 && self.reads_in_time() {
                if !is_clean {
                    self.ledger.fail(format!("session {session} met no fault, but ended with {ended:?}"));
                } else if account.acknowledged != account.sent {
                    let wrong =
                        format!("session {session} met no fault, but not every message was acknowledged: {account:?}");
                    self.ledger.fail(wrong);
                }
            }
        }
    }

    /// Pauses, and then runs one session.
    pub(crate) async fn attempt<F: Future>(&self, run: impl FnOnce(u64) -> F) -> Attempt<F::Output> {
        self.pause(2_000).await;
        let watch = self.ledger.watch([SERVER, host(self.number)]);
        let session = self.ledger.begin_session();
        let ended = run(session).await;
        Attempt { session, ended, undisturbed: watch.is_undisturbed() }
    }

    pub(crate) async fn pause(&self, max: u64) {
        sleep(Duration::from_millis(self.network.draw((0, max)))).await;
    }

    /// Reads nothing for a while.
    pub(crate) async fn stall(&self, used: &InUse) {
        self.pause(self.plan().max_stall).await;
        self.ledger.restart(used);
    }

    /// Runs one session. Returns `true` if it was closed cleanly.
    async fn session(&self, session: u64) -> Result<bool, Error> {
        let plan = self.plan();
        let begin = Instant::now();
        let (scenario, network) = (&self.scenario, &self.network);
        let opened = timeout(
            Duration::from_secs(200),
            open(network, scenario, (session, self.number), (plan.keep_alive, plan.deflate)),
        );
        let connection = match opened.await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(Error::Io(io::ErrorKind::TimedOut.into())),
        };
        let id = connection.get_ref().id();
        self.network.journal.note(|| format!("session {session} begins after {:?}, connection #{id}", begin.elapsed()));
        match plan.style {
            Style::Split => self.split(session, connection).await,
            Style::Whole | Style::Serve => self.whole(session, connection).await,
        }
    }

    /// Returns how long the server may be silent before the client must have ended the connection.
    /// This includes the longest time for which the client does not read.
    fn max_silence(&self) -> Duration {
        if self.plan().keep_alive {
            end_limit(&self.scenario) + self.max_stall()
        } else {
            // Without a keep-alive, this client does not notice that the server is dead, so there
            // is no limit. [`PATIENCE`] ends its session instead.
            Duration::MAX
        }
    }

    fn max_stall(&self) -> Duration {
        Duration::from_millis(self.plan().max_stall)
    }

    /// Returns `true` if the link can carry the contents of TCP's buffers in less than half the
    /// keep-alive's time-out. On a slower link, the time-out is too short, as `KeepAlive` explains,
    /// and a peer that is alive may be reported as dead.
    pub(crate) fn reads_in_time(&self) -> bool {
        let (link, (send, receive)) = (&self.plan().link, self.scenario.buffers);
        let segments = (send + receive) / link.segment.min(receive).div_ceil(2);
        let time = Duration::from_millis(link.delay.1 * segments as u64);
        2 * time < self.scenario.keep_alive.timeout
    }

    /// Draws the size of a message. Nine messages in ten are small.
    pub(crate) fn draw_size(&self) -> usize {
        let max = self.plan().max_message;
        let max = if self.network.draw((0, 9)) == 0 { max } else { max / 100 };
        usize::try_from(self.network.draw((0, max))).unwrap_or(0)
    }

    fn next_message(&self, session: u64) -> Message {
        message(self.ledger.send(session), self.draw_size())
    }

    async fn whole(&self, session: u64, mut connection: WebSocket<Stream>) -> Result<bool, Error> {
        let used = self.ledger.open(connection.get_ref().id(), Side::Client, self.max_silence());
        let count = self.network.draw((0, self.plan().max_messages));
        let mut sizes = VecDeque::new();
        let mut sent = 0;
        loop {
            if sent == count && sizes.is_empty() {
                break;
            }
            let may_send = sent < count && sizes.iter().sum::<usize>() < WINDOW;
            let pause = Duration::from_millis(self.network.draw((0, self.plan().max_pause)));
            match timeout(if may_send { pause } else { PATIENCE }, connection.next()).await {
                Ok(None) => return Ok(is_normal(&connection.close_info())),
                Ok(Some(received)) => {
                    sizes.pop_front();
                    self.ledger.acknowledge(session, check(&received?));
                    self.stall(&used).await;
                }
                Err(_) if may_send => {
                    let message = self.next_message(session);
                    sent += 1;
                    sizes.push_back(message.len());
                    match self.network.draw((0, 9)) {
                        0 => connection.send(message).await?,
                        1 => {
                            for (part, last) in parts(message.as_bytes()) {
                                connection.send_fragment(kind(&message), part, last).await?;
                            }
                        }
                        2 => {
                            connection.ping(b"are you there?").await?;
                            connection.feed(message).await?;
                        }
                        _ => connection.feed(message).await?,
                    }
                }
                Err(_) => break,
            }
        }
        self.ledger.expect_end(&used, close_limit(&self.scenario));
        let begin = Instant::now();
        let close_info = connection.close(CloseCode::NORMAL, "done").await?;
        let took = begin.elapsed();
        if took > close_limit(&self.scenario) {
            self.ledger.fail(format!("session {session} took {took:?} to close"));
        }
        Ok(is_normal(&close_info))
    }

    async fn split(&self, session: u64, connection: WebSocket<Stream>) -> Result<bool, Error> {
        let used = self.ledger.open(connection.get_ref().id(), Side::Client, self.max_silence());
        let (mut reader, writer) = connection.into_split();
        let (acknowledged, acknowledgements) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let this = self.clone();
        tasks.spawn(async move { this.write(session, writer, acknowledgements).await });
        let ended = self.read(session, &mut reader, &acknowledged, &mut tasks, &used).await;
        ended?;
        Ok(is_normal(&reader.close_info()))
    }

    /// Reads until the connection ends.
    async fn read(
        &self,
        session: u64,
        reader: &mut ReadHalf<Stream>,
        acknowledged: &watch::Sender<u64>,
        tasks: &mut JoinSet<Result<(), Error>>,
        used: &InUse,
    ) -> Result<(), Error> {
        let mut count = 0;
        let mut is_closing = false;
        while let Some(received) = reader.next().await {
            self.ledger.acknowledge(session, check(&received?));
            count += 1;
            acknowledged.send_replace(count);
            self.stall(used).await;
            if !is_closing && tasks.try_join_next().is_some() {
                is_closing = true;
                self.ledger.expect_end(used, close_limit(&self.scenario) + self.max_stall());
            }
        }
        Ok(())
    }

    /// Sends all messages, waits for their acknowledgements, and closes the connection.
    async fn write(
        self,
        session: u64,
        mut writer: WriteHalf<Stream>,
        mut acknowledgements: watch::Receiver<u64>,
    ) -> Result<(), Error> {
        let count = self.network.draw((0, self.plan().max_messages));
        for _ in 0..count {
            self.pause(self.plan().max_pause).await;
            let message = self.next_message(session);
            match self.network.draw((0, 9)) {
                0 => writer.feed(message).await?,
                1 => {
                    for (part, last) in parts(message.as_bytes()) {
                        writer.send_fragment(kind(&message), part, last).await?;
                    }
                }
                2 => {
                    writer.ping(b"are you there?").await?;
                    writer.send(message).await?;
                }
                _ => writer.send(message).await?,
            }
        }
        writer.flush().await?;
        while *acknowledgements.borrow_and_update() < count {
            match timeout(PATIENCE, acknowledgements.changed()).await {
                Ok(Ok(())) => {}
                _ => break,
            }
        }
        writer.start_close(CloseCode::NORMAL, "done").await
    }
}

/// Returns `true` if the client closed the connection and the server answered. A Close that the
/// server sends first does not count: the server may believe that the client is dead while messages
/// from the client are still on their way, and those messages are then lost.
pub(crate) fn is_normal(close_info: &CloseInfo) -> bool {
    close_info.was_clean && close_info.code == CloseCode::NORMAL
}

/// Divides a payload into three parts. The Boolean marks the last part.
pub(crate) fn parts(payload: &[u8]) -> [(&[u8], bool); 3] {
    let (first, rest) = payload.split_at(payload.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    [(first, false), (second, false), (third, true)]
}

const fn kind(message: &Message) -> MessageKind {
    match message {
        Message::Text(_) => MessageKind::Text,
        Message::Binary(_) => MessageKind::Binary,
    }
}

//! A client of `/chat`: it sends numbered texts, and checks the texts of the other members.

use std::{io, sync::Arc, time::Duration};

use protocol::{Config, Endpoint, KeepAlive, Message, MessageKind};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use websocket::{Connector, Error, WebSocket, WriteHalf, observer::choose_masking_keys};

use super::chat_account::ChatAccount;
use crate::{
    client::{Attempt, Client, host, is_normal, parts},
    network::{Side, Stream},
    scenario::Scenario,
    server::{SERVER, SLACK, close_limit},
};

/// A member's keep-alive. Its Pings may have to wait until slower members have read, so the
/// time-out is long.
const KEEP_ALIVE: KeepAlive = KeepAlive { interval: Duration::from_secs(60), timeout: Duration::from_secs(240) };

/// The maximum total size, in bytes, of the texts that a member sends in one session.
const MAX_SAID: u64 = 3 << 20;

/// The maximum size, in bytes, of a text that the program accepts, and of a batch of texts that it
/// writes at once.
const MAX_TEXT: u64 = 64 << 10;

/// A member of the chat.
#[derive(Debug, Clone)]
pub struct Member {
    /// The client.
    pub client: Client,
    /// The account of the chat.
    pub chat: Arc<ChatAccount>,
}

/// Returns the text with this number. Its filler consists of characters longer than one byte, so
/// that the text is sometimes cut in the middle of a character.
fn text(session: u64, number: u64, size: usize) -> Message {
    let mut text = format!("{session}:{number}:");
    while text.len() + 3 <= size {
        text.push('€');
    }
    Message::text(text)
}

/// Returns the session and number of a text, or `None` if the text has been changed.
fn parse(received: &Message) -> Option<(u64, u64)> {
    let Message::Text(message) = received else { return None };
    let (session, rest) = message.split_once(':')?;
    let (number, _) = rest.split_once(':')?;
    let id = (session.parse().ok()?, number.parse().ok()?);
    (*received == text(id.0, id.1, message.len())).then_some(id)
}

impl Member {
    /// Runs the member's program until the task is aborted.
    pub async fn run(self) {
        loop {
            let attempt = self.client.attempt(|session| self.session(session)).await;
            let Attempt { session, ended, undisturbed } = attempt;
            let Client { ledger, network, .. } = &self.client;
            self.chat.leave(session, matches!(ended, Ok((_, true))));
            network.journal.note(|| format!("session {session} leaves the chat: {ended:?}"));
            ledger.end(matches!(ended, Ok((_, true))), false);
            if undisturbed && self.must_stay() && !matches!(ended, Ok((Some(Endpoint::Local), _))) {
                ledger.fail(format!("session {session} in the chat met no fault, but ended with {ended:?}"));
            }
        }
    }

    /// Returns `true` if this member reads fast enough that the program must not close its
    /// connection.
    fn must_stay(&self) -> bool {
        let (plan, scenario) = (self.client.plan(), &self.client.scenario);
        let (send, receive) = scenario.buffers;
        let write_timeout = scenario.program.as_ref().map_or(Duration::ZERO, |program| program.write_timeout);
        // The bytes that may have to arrive before the deadline: those in TCP's buffers, a full
        // batch, and one text of the maximum size, which is written alone.
        let bytes = (send + receive) as u64 + 2 * MAX_TEXT;
        let segment = plan.link.segment.min(send).min(receive).div_ceil(2) as u64;
        let time = Duration::from_millis(plan.link.delay.1 * bytes.div_ceil(segment));
        plan.link.loss == 0.0 && plan.max_stall == 0 && 2 * time < write_timeout.min(scenario.keep_alive.timeout)
    }

    async fn open(&self, session: u64) -> Result<WebSocket<Stream>, Error> {
        let Client { network, scenario, number, .. } = &self.client;
        let stream = network.connect(host(*number), SERVER).await.map_err(Error::Io)?;
        let config = Config::DEFAULT.close_timeout(scenario.close_timeout).keep_alive(KEEP_ALIVE);
        let connector = Connector::new(scenario.uri(session, *number))?.subprotocol("chat")?;
        let connector = connector.handshake_timeout(scenario.handshake_timeout).config(config);
        let connector = if self.client.plan().deflate { connector.deflate(Scenario::deflate()) } else { connector };
        let connector = choose_masking_keys(connector, crate::client::masking_key);
        Ok(connector.handshake(stream).await?)
    }

    /// Runs one session. Returns which endpoint closed it, and whether the client's own Close was
    /// answered.
    async fn session(&self, session: u64) -> Result<(Option<Endpoint>, bool), Error> {
        let Client { ledger, network, scenario, .. } = &self.client;
        let opened = timeout(Duration::from_secs(200), self.open(session)).await;
        let connection = opened.map_err(|_| Error::Io(io::ErrorKind::TimedOut.into()))??;
        let id = connection.get_ref().id();
        network.journal.note(|| format!("session {session} joins the chat, connection #{id}"));
        self.chat.join(session, id);
        let max_silence = KEEP_ALIVE.timeout * 2
            + close_limit(scenario)
            + Duration::from_millis(self.client.plan().max_stall)
            + SLACK;
        let used = ledger.open(id, Side::Client, max_silence);
        let (mut reader, writer) = connection.into_split();
        let mut tasks = JoinSet::new();
        let this = self.clone();
        tasks.spawn(async move { this.say(session, writer).await });
        while let Some(received) = reader.next().await {
            let received = match received {
                Ok(received) => received,
                // This error is expected: the program may still be writing texts when the closing
                // time-out expires.
                Err(_) if reader.close_info().initiator == Some(Endpoint::Local) => break,
                Err(error) => return Err(error),
            };
            match parse(&received) {
                Some(id) => self.chat.receive(session, id),
                None => {
                    ledger.fail(format!("session {session} got a text of the chat with other bytes than were sent"));
                }
            }
            if !self.chat.is_quiet() {
                self.client.stall(&used).await;
            }
        }
        let close_info = reader.close_info();
        Ok((close_info.initiator, is_normal(&close_info)))
    }

    /// Sends all texts, stays for a while, and closes the connection.
    async fn say(self, session: u64, mut writer: WriteHalf<Stream>) -> Result<(), Error> {
        let Client { ledger, network, .. } = &self.client;
        let plan = self.client.plan();
        // Some members send few texts, but stay for a long time.
        let count = network.draw((0, plan.max_messages));
        let mut left = MAX_SAID;
        for _ in 0..count {
            self.client.pause(plan.max_pause).await;
            let size = (self.client.draw_size() as u64).min(MAX_TEXT);
            if size > left {
                break;
            }
            left -= size;
            self.wait_while_quiet().await;
            let text = text(session, ledger.send(session), usize::try_from(size).unwrap_or_default());
            match network.draw((0, 9)) {
                0 => writer.feed(text).await?,
                1 => {
                    for (part, last) in parts(text.as_bytes()) {
                        writer.send_fragment(MessageKind::Text, part, last).await?;
                    }
                }
                _ => writer.send(text).await?,
            }
        }
        writer.flush().await?;
        self.client.pause(60_000).await;
        self.wait_while_quiet().await;
        writer.start_close(protocol::CloseCode::NORMAL, "done").await
    }

    async fn wait_while_quiet(&self) {
        while self.chat.is_quiet() {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

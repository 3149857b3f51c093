//! The connection beside the screen: orders in, happenings out.
//!
//! ```text
//!   model ── Order ──▶ ┌──────┐ ──▶ engine ──▶ lane ──▶ tap ──▶ server
//!                      │ link │                          │
//!   model ◀─Happening─ └──────┘ ◀────────── Record ──────┘
//! ```
//!
//! What waits to be shown is bounded: when the screen does not keep up, nothing more is read from the server until it does,
//! and TCP tells the server to wait.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cli::{Observer, Tracer};
use dissector::tap::Tapped;
use laboratory::faults;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use websocket::{
    Event, WebSocket, WriteHalf,
    protocol::{CloseCode, Message, MessageKind, Role, State, frame::MaskingKey},
};

use super::{
    command::Order,
    lane::{Bypass, lane},
    model::Happening,
    trial::{Sentence, Trials},
};
use crate::{
    args::Args,
    conversation::{Heard, next_event},
    ending::{Cause, Ending},
    opening,
    trace::start_capture,
};

/// What may wait for the screen, in happenings; one read brings at most a few thousand more. A large message counts as
/// several.
const WAITING_MAX: usize = 1024;

/// How many bytes of a message count as one more happening: with this, some MiB may wait, whatever the server sends.
const HEAVY: usize = 4 << 10;

/// How long an old connection may take to close before a new one is opened.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(1);

/// The link's end of the way to the model.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    sender: mpsc::UnboundedSender<Happening>,
    shared: Arc<Waiting>,
}

/// The model's end.
#[derive(Debug)]
pub(crate) struct Inbox {
    receiver: mpsc::UnboundedReceiver<Happening>,
    shared: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    count: AtomicUsize,
    fewer: Notify,
}

/// A way from the link to the model.
pub(crate) fn channel() -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let shared = Arc::<Waiting>::default();
    (Outbox { sender, shared: Arc::clone(&shared) }, Inbox { receiver, shared })
}

fn weight(happening: &Happening) -> usize {
    match happening {
        Happening::Message(message) => 1 + message.as_bytes().len() / HEAVY,
        _ => 1,
    }
}

impl Outbox {
    fn send(&self, happening: Happening) {
        self.shared.count.fetch_add(weight(&happening), Ordering::Relaxed);
        // Without a model the program is ending.
        let _ = self.sender.send(happening);
    }

    /// Waits until not too much is waiting. Cancel-safe.
    async fn room(&self) {
        while self.shared.count.load(Ordering::Relaxed) > WAITING_MAX {
            self.shared.fewer.notified().await;
        }
    }
}

impl Inbox {
    /// Waits for happenings and takes what is there, at most `limit`. Cancel-safe.
    pub(crate) async fn take(&mut self, happenings: &mut Vec<Happening>, limit: usize) -> usize {
        let before = happenings.len();
        let count = self.receiver.recv_many(happenings, limit).await;
        let taken = happenings[before..].iter().map(weight).sum();
        self.shared.count.fetch_sub(taken, Ordering::Relaxed);
        self.shared.fewer.notify_one();
        count
    }
}

/// The masking key that was chosen for the next frame.
type NextKey = Arc<Mutex<Option<MaskingKey>>>;

/// Opens a connection, and another one whenever that is ordered, until there are no more orders.
pub(crate) async fn run(
    args: Args,
    tracer: Option<Tracer>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    outbox: Outbox,
) {
    let key = NextKey::default();
    loop {
        outbox.send(Happening::Connecting);
        let again = match open(&args, tracer.as_ref(), &key, &outbox).await {
            Ok((connection, bypass)) => {
                let extensions = connection.extensions().iter().map(ToString::to_string).collect();
                let subprotocol = connection.subprotocol().map(str::to_owned);
                outbox.send(Happening::Opened { subprotocol, extensions });
                converse(&args, connection, &bypass, &mut orders, &outbox, &key).await
            }
            Err(sentence) => {
                outbox.send(Happening::NotOpened(sentence));
                false
            }
        };
        if !again && !ordered_again(&mut orders, &outbox, &key).await {
            return;
        }
    }
}

/// Waits for the order to connect anew. `false` when there are no more orders.
async fn ordered_again(orders: &mut mpsc::UnboundedReceiver<Order>, outbox: &Outbox, key: &NextKey) -> bool {
    loop {
        match orders.recv().await {
            None => return false,
            Some(Order::Reconnect) => return true,
            Some(Order::Mask(chosen)) => choose(key, chosen, outbox),
            Some(_) => outbox.send(Happening::Rejected("not sent: the connection is CLOSED".to_owned())),
        }
    }
}

type Opened<S> = (WebSocket<super::lane::Lane<S>>, Bypass<S>);

async fn open(
    args: &Args,
    tracer: Option<&Tracer>,
    key: &NextKey,
    outbox: &Outbox,
) -> Result<Opened<impl AsyncRead + AsyncWrite + Unpin>, String> {
    let connector = opening::connector(args, opening::NEVER)?;
    let chosen = Arc::clone(key);
    let connector = connector.choose_masking_keys(move || chosen.lock().unwrap_or_else(PoisonError::into_inner).take());
    let records = outbox.clone();
    let mut bypass = None;
    let connection = opening::connect(args, connector, |stream| {
        let observer = Observer::new(move |record| records.send(Happening::Record(record)));
        let observer = match tracer {
            Some(tracer) => {
                let reports = outbox.clone();
                let report = move |sentence: &str| reports.send(Happening::Rejected(sentence.to_owned()));
                start_capture(tracer, observer, &stream, report)
            }
            None => observer,
        };
        let (lane, other) = lane(Tapped::new(stream, Role::Client, observer));
        bypass = Some(other);
        lane
    });
    let connection = connection.await?;
    Ok((connection, bypass.ok_or("there is no stream")?))
}

fn choose(key: &NextKey, chosen: MaskingKey, outbox: &Outbox) {
    outbox.send(Happening::Done("the next frame will be masked with this key".to_owned()));
    *key.lock().unwrap_or_else(PoisonError::into_inner) = Some(chosen);
}

/// Holds an open connection to its end. Gives whether a new one was ordered meanwhile.
async fn converse<S>(
    args: &Args,
    connection: WebSocket<super::lane::Lane<S>>,
    bypass: &Bypass<S>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    outbox: &Outbox,
    key: &NextKey,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = connection.split();
    let mut state = State::Open;
    let mut silence = None;
    let mut again = false;
    let mut no_more_orders = false;
    let trials = Trials::default();
    let patience = sleep(RECONNECT_PATIENCE);
    tokio::pin!(patience);
    let cause = {
        let mut carrying = Box::pin(carry(args, &mut writer, bypass, orders, outbox, key, &trials));
        loop {
            let hear = async {
                outbox.room().await;
                next_event(&mut reader, &mut silence, args.close_timeout).await
            };
            select! {
                heard = hear => {
                    if let Some(sentence) = trials.hear(&heard) {
                        outbox.send(judged(sentence));
                    }
                    match heard {
                    Heard::Event(Event::Message(message)) => {
                        outbox.send(Happening::Message(message));
                        silence = None;
                    }
                    // Their records have told it.
                    Heard::Event(_) => {}
                    Heard::End => break Cause::End,
                    Heard::Failure(error) => break Cause::Failure(error),
                    Heard::Silence => break Cause::Silence(args.close_timeout),
                    }
                }
                sentence = trials.expired() => outbox.send(judged(sentence)),
                reconnect = &mut carrying, if !no_more_orders => {
                    no_more_orders = true;
                    again = reconnect;
                    patience.as_mut().reset(Instant::now() + RECONNECT_PATIENCE);
                }
                () = &mut patience, if again => break Cause::Silence(RECONNECT_PATIENCE),
            }
            if reader.state() != state {
                state = reader.state();
                outbox.send(Happening::State(state));
            }
        }
    };
    outbox.send(Happening::Ended(Ending { close_info: reader.close_info(), cause, complete: true }));
    again
}

/// A verdict for the screen.
fn judged(sentence: Sentence) -> Happening {
    if sentence.against_a_must { Happening::Rejected(sentence.text) } else { Happening::Done(sentence.text) }
}

/// Carries out orders one after the other. Gives whether it ended because a new connection was ordered.
async fn carry<S>(
    args: &Args,
    writer: &mut WriteHalf<super::lane::Lane<S>>,
    bypass: &Bypass<S>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    outbox: &Outbox,
    key: &NextKey,
    trials: &Trials,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(order) = orders.recv().await {
        let carried = match order {
            Order::Reconnect => {
                let _ = writer.close(CloseCode::NORMAL, "").await;
                return true;
            }
            Order::Mask(chosen) => {
                choose(key, chosen, outbox);
                Ok(())
            }
            Order::Text(text) => told(writer.send(Message::text(text)).await),
            Order::Binary(bytes) => told(writer.send(Message::from(bytes)).await),
            Order::File(path) => match read(&path, args.max_message).await {
                Ok(bytes) => told(writer.send(Message::from(bytes)).await),
                Err(sentence) => Err(sentence),
            },
            Order::Ping(payload) => told(writer.ping(&payload).await),
            Order::Pong(payload) => told(writer.pong(&payload).await),
            Order::Close(code, reason) => told(writer.close(code, &reason).await),
            Order::Fragments { count, ping, text } => told(fragments(writer, count, ping, text.as_bytes()).await),
            Order::Raw(bytes) => raw(writer, bypass, &bytes).await,
            Order::Break(name) => {
                let chosen = key.lock().unwrap_or_else(PoisonError::into_inner).take();
                let rule = rules::find(Role::Client, name);
                match rule.and_then(|rule| trials.begin(rule, chosen, args.probe_patience)) {
                    Some(bytes) => raw(writer, bypass, &bytes).await,
                    None => Err(format!("{name} is a rule of the opening handshake")),
                }
            }
            Order::Slow(every, text) => {
                bypass.pace(Some(every));
                let sent = writer.send(Message::text(text)).await;
                bypass.pace(None);
                told(sent)
            }
        };
        if let Err(sentence) = carried {
            outbox.send(Happening::Rejected(format!("not sent: {sentence}")));
        }
        outbox.send(Happening::State(writer.state()));
    }
    false
}

/// Writes bytes as they are, once everything else is written, so that they stand between two frames.
async fn raw<S>(writer: &mut WriteHalf<super::lane::Lane<S>>, bypass: &Bypass<S>, bytes: &[u8]) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    told(writer.flush().await)?;
    bypass.write(bytes).await.map_err(|error| error.to_string())
}

fn told(sent: Result<(), websocket::Error>) -> Result<(), String> {
    sent.map_err(|error| error.to_string())
}

/// Sends a text in so many frames, as equal as can be; bytes are counted, so a cut may go through a character.
async fn fragments<S>(writer: &mut WriteHalf<S>, count: usize, ping: bool, text: &[u8]) -> Result<(), websocket::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for index in 0..count {
        let part = &text[text.len() * index / count..text.len() * (index + 1) / count];
        writer.send_fragment(MessageKind::Text, part, index + 1 == count).await?;
        if ping && index == 0 {
            writer.ping(b"between fragments").await?;
        }
    }
    Ok(())
}

async fn read(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read ({error})", path.display());
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > limit as u64 {
        return Err(format!("{} has more than {limit} bytes (--max-message sets the limit)", path.display()));
    }
    let owned = path.to_owned();
    // A disk may be slow, and the keyboard is served by this thread.
    let read = tokio::task::spawn_blocking(move || std::fs::read(owned)).await.map_err(|error| error.to_string())?;
    read.map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    #[tokio::test]
    async fn what_waits_for_the_screen_is_bounded() {
        for (message, fit) in [(Message::text("x"), WAITING_MAX), (Message::from(vec![0; 1 << 20]), 3)] {
            let (outbox, mut inbox) = channel();
            let has_room = || pin!(outbox.room()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
            let mut sent = 0;
            while has_room() {
                outbox.send(Happening::Message(message.clone()));
                sent += 1;
            }
            // The last one may go over the limit.
            assert!((fit..=fit + 1).contains(&sent), "{sent}");
            inbox.take(&mut Vec::new(), sent).await;
            assert!(has_room());
        }
    }
}

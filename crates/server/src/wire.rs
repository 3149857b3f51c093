//! `/wire/TOKEN`: a connection's wire, shown to the page whose connection it is.
//!
//! A script in a browser gets messages and never sees a frame. The server does. So a page that connects to `/?wire` has its
//! connection tapped, and gets every head and every frame of it back over a second connection, taken apart by
//! [`dissector`]. The second connection's own frames are not shown: that would never end.
//!
//! ```text
//!   page                                              server
//!    │── GET /?wire ──▶ 101 ──────────────────────────▶│  puts a Tap on this connection, and on no other
//!    │◀──────────────── {"wire":"TOKEN"} ──────────────│  its first message
//!    │── GET /wire/TOKEN ──▶ 101 ─────────────────────▶│  the token is used up
//!    │◀──────── [record, record, {"skipped":...}] ─────│  what happened so far, then what happens
//! ```
//!
//! # Who may look
//!
//! What somebody types is nobody else's business, so a wire is shown to the page it belongs to alone.
//!
//! * The token is made here, for this one connection: 128 bits from a cryptographic generator. It is told to the connection
//!   that it is for, and to no other. It could as well stand in the page, but then each load of the page would have to be
//!   remembered, and a page that connects once more would need another one.
//! * It works once. Whoever has seen it used has learnt nothing. That its own frame is among those shown does no harm then.
//! * It works for [`TOKEN_LIFE`]: the page fetches it at once or never. After that the tap lets go of what it has.
//! * It works for the origin that opened the first connection, and that has been [checked](crate::origin). Pages of other
//!   origins learn nothing even if they are told the token.
//! * It is not logged, and there is no list of tokens to ask for: a wrong one, a used one and an old one get the same 404.
//!
//! # What it costs
//!
//! Nothing for a connection that did not ask: its stream is another type, with no tap in it to be switched off, and its
//! task has no room set aside for one. Nor does a page cost anything that is loaded and does not ask.
//!
//! For the others all is bounded: [`WIRES_AT_ONCE`] taps; for each of them [`QUEUE_BYTES`] that wait to be sent, and the
//! [`PAYLOAD_BYTES`] at the beginning of each payload; and as many records in a second as the [`Allowance`] has. What comes
//! faster is [counted](Conversation::pass) and passes on, so a tapped connection is hardly slower than another, and nobody
//! has to wait for somebody who looks. Whoever takes all the places keeps others from looking, and from nothing else.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use dissector::{
    Conversation,
    Direction::{self, ToClient, ToServer},
    Options, Record,
    conversation::Passed,
    render,
    tap::Tap,
};
use http::{HeaderValue, header::ORIGIN};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};
use websocket::{
    WebSocket,
    protocol::{CloseCode, Limits, Message, handshake::ReceivedRequest},
};

use crate::{
    ending::{Ending, Goodbye},
    listen::Shared,
};

/// What stands in front of the token.
const PATH: &str = "/wire/";

/// The query with which a connection asks for a tap.
const QUERY: &str = "wire";

/// How long a token works. A page needs the time of one round trip; the rest is for slow ones.
const TOKEN_LIFE: Duration = Duration::from_secs(10);

/// Taps at the same time: as many as there are readers in a large class, at [`QUEUE_BYTES`] each.
const WIRES_AT_ONCE: usize = 64;

/// How much may wait for a page that reads slowly, in bytes of JSON. A record with its explanations has some five thousand.
const QUEUE_BYTES: usize = 256 << 10;

/// How much of each payload is shown. A page has no room for more.
const PAYLOAD_BYTES: usize = 512;

/// Records that may be taken apart in a row, and then in a second. Nobody reads as fast; it is a screenful at once, and a
/// server that pushes fifty times in a second is shown whole.
const ALLOWED_AT_ONCE: f64 = 100.0;
const ALLOWED_PER_SECOND: f64 = 50.0;

/// Bytes that are looked at before the allowance is asked again. Not more than some eighty of the shortest frames.
const PIECE: usize = 512;

/// From one message to the next. What happens in between is sent together.
const PAUSE: Duration = Duration::from_millis(50);

/// The wires whose token has not been used.
#[derive(Debug)]
pub(crate) struct Wires {
    offered: Mutex<HashMap<String, Offer>>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Offer {
    wire: Arc<Wire>,
    until: Instant,
    origin: Option<HeaderValue>,
}

/// What the tap and the page's second connection share.
#[derive(Debug)]
struct Wire {
    queue: Mutex<Queue>,
    changed: Notify,
    /// Held until both have let go.
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Queue {
    /// JSON objects, the oldest first.
    waiting: VecDeque<String>,
    /// How many bytes they have.
    bytes: usize,
    /// What came after them and was only counted.
    skipped: [Passed; 2],
    /// When the tap gives up; `None` once somebody looks.
    unclaimed: Option<Instant>,
    /// Nobody will look any more.
    abandoned: bool,
    /// The connection is over: nothing follows.
    ended: bool,
}

/// Looks at one connection: see [`Tap`].
#[derive(Debug)]
pub(crate) struct WireTap {
    /// Empty when nobody looks any more. The tap stays on the stream and does nothing.
    looking: Option<Box<Looking>>,
}

#[derive(Debug)]
struct Looking {
    wire: Arc<Wire>,
    conversation: Conversation,
    allowance: Allowance,
    ended: Vec<Direction>,
}

/// How many more records may be taken apart: a bucket that fills with time and holds so much and no more.
#[derive(Debug)]
struct Allowance {
    left: f64,
    at: Instant,
}

/// The other end: what the second connection gets from a wire.
#[derive(Debug)]
pub(crate) struct Viewer {
    wire: Arc<Wire>,
    next_batch: Instant,
}

/// Whether this request wants its connection to be tapped.
pub(crate) fn is_asked_for(request: &ReceivedRequest) -> bool {
    request.path() == "/" && request.head().uri().query() == Some(QUERY)
}

/// The token in a path that has one.
pub(crate) fn token(path: &str) -> Option<&str> {
    path.strip_prefix(PATH)
}

/// A path as the log may show it.
pub(crate) fn without_token(path: &str) -> &str {
    if token(path).is_some() { "/wire/..." } else { path }
}

/// The first message of a tapped connection: where its wire can be seen; `None` if there are too many already.
pub(crate) fn announcement(token: Option<&str>) -> Message {
    Message::text(serde_json::json!({ "wire": token }).to_string())
}

impl Wires {
    pub(crate) fn new() -> Self {
        Self { offered: Mutex::default(), places: Arc::new(Semaphore::new(WIRES_AT_ONCE)) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Offer>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tap for the connection that begins with `request`, and the token with which to look; `None` if there are too many.
    /// It complains about what is over `limits`, like the connection itself.
    pub(crate) fn tap(&self, request: &ReceivedRequest, limits: &Limits) -> Option<(WireTap, String)> {
        let now = Instant::now();
        let mut offered = self.lock();
        // Those that nobody came for. There are never many, and no other time at which one would need their places.
        offered.retain(|_, offer| now < offer.until);
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let until = now + TOKEN_LIFE;
        let queue = Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            skipped: [Passed::default(); 2],
            unclaimed: Some(until),
            abandoned: false,
            ended: false,
        };
        let wire = Arc::new(Wire { queue: Mutex::new(queue), changed: Notify::new(), _place: place });
        let token = format!("{:032x}", rand::random::<u128>());
        let origin = request.headers().get(ORIGIN).cloned();
        offered.insert(token.clone(), Offer { wire: Arc::clone(&wire), until, origin });
        drop(offered);
        let conversation = Conversation::new(Options { payload_bytes: PAYLOAD_BYTES, limits: limits.clone() });
        let allowance = Allowance { left: ALLOWED_AT_ONCE, at: now };
        let mut tap = WireTap { looking: Some(Box::new(Looking { wire, conversation, allowance, ended: Vec::new() })) };
        // These were read before anybody knew that there would be a tap.
        tap.bytes(ToServer, request.received());
        Some((tap, token))
    }

    /// The wire that the token in `request` is for. It works for one request only.
    pub(crate) fn claim(&self, request: &ReceivedRequest) -> Option<Viewer> {
        let mut offered = self.lock();
        let token = token(request.path())?;
        let now = Instant::now();
        let fits = |offer: &Offer| now < offer.until && offer.origin.as_ref() == request.headers().get(ORIGIN);
        let offer = offered.get(token).is_some_and(fits).then(|| offered.remove(token))??;
        offer.wire.lock().unclaimed = None;
        Some(Viewer { wire: offer.wire, next_batch: now })
    }
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn has_room(&self) -> bool {
        self.bytes < QUEUE_BYTES
    }

    fn add(&mut self, json: String) {
        self.add_skipped();
        self.bytes += json.len();
        self.waiting.push_back(json);
    }

    /// Writes down what was counted, so that it stands in its place among the records.
    fn add_skipped(&mut self) {
        let [to_server, to_client] = mem::take(&mut self.skipped);
        if to_server.units + to_client.units > 0 {
            let counts = |passed: Passed| serde_json::json!({ "frames": passed.units, "bytes": passed.bytes });
            let both = serde_json::json!({ "to_server": counts(to_server), "to_client": counts(to_client) });
            let json = serde_json::json!({ "skipped": both }).to_string();
            self.bytes += json.len();
            self.waiting.push_back(json);
        }
    }

    /// Everything that waits, as one array; `None` if nothing does.
    fn take(&mut self) -> Option<String> {
        self.add_skipped();
        self.bytes = 0;
        let objects = Vec::from(mem::take(&mut self.waiting));
        (!objects.is_empty()).then(|| format!("[{}]", objects.join(",")))
    }

    fn is_wanted(&self) -> bool {
        !self.abandoned && self.unclaimed.is_none_or(|until| Instant::now() < until)
    }
}

impl Looking {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let time = Some(SystemTime::now());
        let Self { wire, conversation, allowance, .. } = self;
        for piece in bytes.chunks(PIECE) {
            let mut queue = wire.lock();
            if queue.has_room() && allowance.is_left() {
                conversation.push(direction, piece, time, &mut |record| {
                    allowance.left -= 1.0;
                    queue.add(render::json(&record));
                });
            } else {
                let mut kept: Option<Record> = None;
                let passed = conversation.pass(direction, piece, time, &mut |record| kept = Some(record));
                let skipped = &mut queue.skipped[usize::from(direction == ToClient)];
                skipped.units += passed.units;
                skipped.bytes += passed.bytes;
                // A Close. There are two of them at most, so they need no allowance.
                if let Some(close) = kept {
                    queue.add(render::json(&close));
                }
            }
        }
        wire.changed.notify_one();
    }

    fn end(&mut self, direction: Direction) {
        if self.ended.contains(&direction) {
            return;
        }
        self.ended.push(direction);
        let mut queue = self.wire.lock();
        self.conversation.end(direction, Some(SystemTime::now()), &mut |record| queue.add(render::json(&record)));
        queue.add(serde_json::json!({ "end_of": direction }).to_string());
        self.wire.changed.notify_one();
    }
}

impl Tap for WireTap {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        if self.looking.as_ref().is_some_and(|looking| !looking.wire.lock().is_wanted()) {
            self.looking = None;
        }
        if let Some(looking) = &mut self.looking {
            looking.bytes(direction, bytes);
        }
    }

    fn end(&mut self, direction: Direction) {
        if let Some(looking) = &mut self.looking {
            looking.end(direction);
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.wire.lock().ended = true;
        self.wire.changed.notify_one();
    }
}

impl Allowance {
    fn is_left(&mut self) -> bool {
        let now = Instant::now();
        let fresh = now.duration_since(self.at).as_secs_f64() * ALLOWED_PER_SECOND;
        self.left = (self.left + fresh).min(ALLOWED_AT_ONCE);
        self.at = now;
        self.left >= 1.0
    }
}

impl Viewer {
    /// The next message for the page; `None` when the wire has come to its end. May be dropped and called again.
    async fn batch(&mut self) -> Option<String> {
        sleep_until(self.next_batch).await;
        loop {
            let changed = self.wire.changed.notified();
            let (batch, ended) = {
                let mut queue = self.wire.lock();
                (queue.take(), queue.ended)
            };
            if batch.is_some() {
                self.next_batch = Instant::now() + PAUSE;
                return batch;
            }
            if ended {
                return None;
            }
            changed.await;
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut queue = self.wire.lock();
        queue.abandoned = true;
        queue.waiting = VecDeque::new();
    }
}

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>, viewer: &mut Viewer, shared: &Shared) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = |code, reason| Ok(Some(Goodbye { code, reason }));
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) => return goodbye(CloseCode::POLICY_VIOLATION, "this connection is for looking only"),
            },
            batch = viewer.batch() => {
                let Some(batch) = batch else {
                    return if shared.shutdown.is_cancelled() {
                        goodbye(CloseCode::GOING_AWAY, "the server stops")
                    } else {
                        goodbye(CloseCode::NORMAL, "the other connection has ended")
                    };
                };
                match timeout(shared.write_timeout, connection.send(Message::text(batch))).await {
                    Ok(sent) => sent?,
                    Err(_) => return goodbye(CloseCode::POLICY_VIOLATION, "the wire is not being read"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;
    use websocket::protocol::handshake::{ServerHandshake, Status};

    use super::*;

    fn request(path: &str) -> ReceivedRequest {
        let mut handshake = ServerHandshake::new(Limits::DEFAULT);
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
        handshake.input().extend_from_slice(head.as_bytes());
        match handshake.poll() {
            Ok(Status::Complete(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn tap(wires: &Wires) -> Option<(WireTap, String)> {
        wires.tap(&request("/?wire"), &Limits::DEFAULT)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_page_that_does_not_read_has_an_end() {
        let wires = Wires::new();
        let (mut tapped, token) = tap(&wires).expect("there is room");
        let viewer = wires.claim(&request(&format!("/wire/{token}"))).expect("it is new");
        tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        let frame = [&b"\x82\x7e\x02\x00"[..], &[0; 512]].concat();
        let mut most = 0;
        for _ in 0..300 {
            // Slowly enough for each of them to be taken apart.
            advance(Duration::from_millis(100)).await;
            tapped.bytes(ToClient, &frame);
            most = most.max(viewer.wire.lock().bytes);
        }
        // The last one may find room and need more.
        assert!((QUEUE_BYTES..QUEUE_BYTES + 10_000).contains(&most), "{most} bytes");
        let queue = viewer.wire.lock();
        let [_, skipped] = queue.skipped;
        // The answer is one of those that wait, and so is the request.
        assert_eq!(queue.waiting.len() as u64 - 2 + skipped.units, 300);
        assert_eq!(skipped.bytes, skipped.units * frame.len() as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_nobody_uses_expires_and_its_tap_lets_go() {
        let wires = Wires::new();
        let (mut early, token) = tap(&wires).expect("there is room");
        advance(TOKEN_LIFE - Duration::from_millis(1)).await;
        let viewer = wires.claim(&request(&format!("/wire/{token}")));
        assert!(viewer.is_some(), "in the last moment");
        let (mut late, token) = tap(&wires).expect("there is room");
        advance(TOKEN_LIFE).await;
        assert!(wires.claim(&request(&format!("/wire/{token}"))).is_none());
        for tap in [&mut early, &mut late] {
            tap.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n");
        }
        assert!(early.looking.is_some() && late.looking.is_none());
        drop(viewer);
        early.bytes(ToClient, b"Upgrade: websocket\r\n");
        assert!(early.looking.is_none(), "nobody looks any more");
    }

    #[tokio::test(start_paused = true)]
    async fn places_of_connections_that_never_look_become_free() {
        let wires = Wires::new();
        // Idle ones: they send nothing at which they could notice that their time is over.
        let taps: Vec<_> = (0..WIRES_AT_ONCE).map_while(|_| tap(&wires)).collect();
        assert_eq!(taps.len(), WIRES_AT_ONCE);
        assert!(tap(&wires).is_none());
        drop(taps);
        advance(TOKEN_LIFE).await;
        assert!(tap(&wires).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_allowance_fills_again_and_has_an_upper_end() {
        let mut allowance = Allowance { left: ALLOWED_AT_ONCE, at: Instant::now() };
        allowance.left -= ALLOWED_AT_ONCE;
        assert!(!allowance.is_left());
        advance(Duration::from_millis(100)).await;
        assert!(allowance.is_left());
        assert!((allowance.left - ALLOWED_PER_SECOND / 10.0).abs() < 0.01, "{}", allowance.left);
        advance(Duration::from_secs(3600)).await;
        assert!(allowance.is_left());
        assert!(allowance.left <= ALLOWED_AT_ONCE);
    }
}

//! The judge's end of one connection: reads the peer's frames, and compares them with what is
//! expected.
//!
//! | module | what it does |
//! |---|---|
//! | `head` | reads the heads of the opening handshake |
//! | `flood` | sends more than a peer should accept, or sends too slowly |

mod flood;
mod head;

use std::{
    collections::{HashSet, VecDeque},
    io,
    time::Duration,
};

use bytes::{Buf, BytesMut};
use protocol::{
    Role,
    frame::{FrameHeader, MaskingKey, Opcode, apply_mask},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, timeout, timeout_at},
};

use super::{
    header_diagnosis::{self, Diagnosis, STRAY_ADVICE, hex},
    payload_diagnosis,
    symptom::{Failure, Symptom},
    words::{quote, seconds, shorten},
};
use crate::{frame_builder::FrameBuilder, observations::TcpEnd, randomness::Randomness};

/// After the judge has ended its own direction of the TCP connection, it waits at most this long
/// for the peer to end the other one, and then drops the connection.
const PARTING: Duration = Duration::from_millis(200);

/// The pause after which the judge assumes that no more bytes of a wrong frame will arrive. A peer
/// on the same machine writes a whole frame without such a pause.
const REST: Duration = Duration::from_millis(100);

/// Advice for a peer that sends more frames after its own Close.
pub(crate) const AFTER_CLOSE: &str = "A Close is the last frame that you send.";

/// Advice on a reason that is not UTF-8.
pub(crate) const REASON: &str = "The reason after the code is text: valid UTF-8, of at most 123 bytes.";

/// The number of bytes reserved for each read, so that even the largest echo takes few reads.
const READ_CAPACITY: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
struct ReceivedFrame {
    fin: bool,
    opcode: Opcode,
    key: Option<MaskingKey>,
    payload: Vec<u8>,
}

/// The judge's end of a connection.
pub(crate) struct Peer<S> {
    stream: S,
    /// The role of the judge.
    role: Role,
    /// The time limit for each answer from the peer.
    answer_timeout: Duration,
    input: BytesMut,
    /// Data frames and Pongs have separate queues, because a Pong may overtake messages.
    data: VecDeque<ReceivedFrame>,
    pongs: VecDeque<ReceivedFrame>,
    /// The payloads of the Pings that have not been answered yet.
    pings: Vec<Vec<u8>>,
    close: Option<ReceivedFrame>,
    /// Whether a Close has arrived. Remains `true` after a check has taken the Close.
    has_closed: bool,
    /// The opcode of the first frame after the Close.
    after_close: Option<Opcode>,
    /// The last message or Pong that a check accepted.
    last: Option<ReceivedFrame>,
    /// Whether the connection is open, which means that the input consists of frames.
    is_open: bool,
    ignores_frames: bool,
    /// Whether the input begins with bytes that are not a valid frame.
    is_garbage: bool,
    tcp_end: Option<TcpEnd>,
    /// Whether one of the judge's writes has failed.
    write_failed: bool,
    keys: Vec<MaskingKey>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S, role: Role, answer_timeout: Duration) -> Self {
        Self {
            stream,
            role,
            answer_timeout,
            input: BytesMut::new(),
            data: VecDeque::new(),
            pongs: VecDeque::new(),
            pings: Vec::new(),
            close: None,
            has_closed: false,
            after_close: None,
            last: None,
            is_open: false,
            ignores_frames: false,
            is_garbage: false,
            tcp_end: None,
            write_failed: false,
            keys: Vec::new(),
        }
    }

    /// Marks the connection as open after the handshake, and parses `bytes`, which were read
    /// together with the handshake.
    pub(crate) fn open(&mut self, bytes: &[u8]) {
        self.is_open = true;
        self.input.extend_from_slice(bytes);
        self.parse();
    }

    /// Returns what the judge's sentences call the peer: *the server* or *the client*.
    pub(crate) const fn name(&self) -> &'static str {
        match self.role {
            Role::Client => "the server",
            Role::Server => "the client",
        }
    }

    /// Writes bytes. A failed write does not fail the check, because the peer may have had a good
    /// reason to end the TCP connection. The check's next expectation shows whether the peer was
    /// allowed to do so.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        self.write_failed |= matches!(timeout(self.answer_timeout, writing).await, Ok(Err(_)));
    }

    /// Writes bytes, however long that takes.
    pub(crate) async fn write_without_limit(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Ends the judge's direction of the TCP connection.
    pub(crate) async fn shutdown(&mut self) {
        let _ = timeout(self.answer_timeout, self.stream.shutdown()).await;
    }

    /// Reads once. Returns false if the deadline has passed, or if the TCP connection had already
    /// ended.
    async fn read(&mut self, deadline: Instant) -> bool {
        if self.tcp_end.is_some() {
            return false;
        }
        self.input.reserve(READ_CAPACITY);
        let Ok(read) = timeout_at(deadline, self.stream.read_buf(&mut self.input)).await else { return false };
        self.record(read);
        true
    }

    fn record(&mut self, read: io::Result<usize>) {
        match read {
            Ok(0) => self.tcp_end = Some(TcpEnd::Eof),
            Ok(_) => {}
            // Ending the TCP connection without a TLS alert breaks a rule of TLS only, so it counts
            // as a normal end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.tcp_end = Some(TcpEnd::Eof),
            Err(_) => self.tcp_end = Some(TcpEnd::Reset),
        }
    }

    fn parse(&mut self) {
        while !self.is_garbage {
            let (header, length) = match FrameHeader::parse(&self.input) {
                Ok(Some((header, length))) if header.reserved.is_empty() => (header, length),
                Ok(None) => return,
                Ok(Some(_)) | Err(_) => {
                    self.is_garbage = true;
                    return;
                }
            };
            // A frame that is longer than the address space can never be complete, so its exact
            // length does not matter.
            let payload = usize::try_from(header.payload_length).unwrap_or(usize::MAX);
            let end = length.saturating_add(payload);
            if self.input.len() < end {
                return;
            }
            let mut payload = self.input[length..end].to_vec();
            self.input.advance(end);
            if let Some(key) = header.masking_key {
                apply_mask(&mut payload, key);
                self.keys.push(key);
            }
            let frame = ReceivedFrame { fin: header.fin, opcode: header.opcode, key: header.masking_key, payload };
            if self.has_closed {
                self.after_close.get_or_insert(frame.opcode);
                continue;
            }
            match frame.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => self.data.push_back(frame),
                Opcode::Pong => self.pongs.push_back(frame),
                // The peer may send Pings to keep the connection alive. Most checks end before a
                // Pong is overdue, so store the Pings for now. Only `stay_silent` answers them.
                Opcode::Ping => self.pings.push(frame.payload),
                Opcode::Close => {
                    self.close = Some(frame);
                    self.has_closed = true;
                }
            }
        }
    }

    /// Waits until `take` finds something, or returns a failure that explains why it never did.
    /// `label` names what is expected, and `payload` is its payload, if that is known.
    async fn wait_for<T>(
        &mut self,
        label: &str,
        payload: Option<&[u8]>,
        take: impl Fn(&mut Self) -> Option<T>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + self.answer_timeout;
        loop {
            self.parse();
            if let Some(found) = take(self) {
                return Ok(found);
            }
            if self.is_garbage {
                self.read_rest().await;
                return Err(self.wrong_bytes(label, payload).unwrap_or_else(|| self.nothing(label)));
            }
            if let Some(close) = &self.close {
                let sentence = format!("{} arrived instead of {label}", describe_close(&close.payload));
                return Err(Failure::new(Symptom::Closed, sentence));
            }
            if !self.read(deadline).await {
                let instead = self.wrong_bytes(label, payload).or_else(|| self.other_opcode(label, payload?));
                return Err(instead.unwrap_or_else(|| self.nothing(label)));
            }
        }
    }

    /// Returns the failure for a frame that has the expected payload but a different opcode.
    fn other_opcode(&self, label: &str, payload: &[u8]) -> Option<Failure> {
        let frame = self.data.iter().chain(&self.pongs).find(|frame| frame.payload == payload)?;
        let sentence = format!("instead of {label}, {} sent a {:?} with the same payload", self.name(), frame.opcode);
        Some(Failure::new(Symptom::OtherOpcode, sentence))
    }

    /// Reads until the peer pauses, so that the diagnosis of a wrong frame covers all of its bytes.
    async fn read_rest(&mut self) {
        let end = Instant::now() + self.answer_timeout;
        while self.read(end.min(Instant::now() + REST)).await {}
    }

    /// Returns the failure for input that begins with bytes that are not a valid frame.
    fn wrong_bytes(&self, label: &str, payload: Option<&[u8]>) -> Option<Failure> {
        let sender = self.peer_role();
        let Diagnosis { symptom, what, advice } = header_diagnosis::diagnose(&self.input, sender, payload)?;
        let sentence = format!("instead of {label}, {} sent {what}", self.name());
        Some(Failure::new(symptom, sentence).with_advice(advice))
    }

    const fn peer_role(&self) -> Role {
        match self.role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }

    fn nothing(&self, label: &str) -> Failure {
        match self.tcp_end {
            Some(TcpEnd::Eof) => Failure::new(
                Symptom::Ended,
                format!("{} ended the TCP connection instead of sending {label}", self.name()),
            ),
            Some(TcpEnd::Reset) => Failure::new(
                Symptom::Ended,
                format!("{} reset the TCP connection instead of sending {label}", self.name()),
            ),
            None => {
                let sentence = format!("{label} did not arrive within {}", seconds(self.answer_timeout));
                Failure::new(Symptom::NoAnswer, sentence)
            }
        }
    }

    fn check_masking(&self, frame: &ReceivedFrame, label: &str) -> Result<(), Failure> {
        let sentence = match (self.role, frame.key) {
            (Role::Client, Some(_)) => format!("{label} is masked, but a server must not mask its frames"),
            (Role::Server, None) => format!("{label} is not masked, but a client must mask its frames"),
            _ => return Ok(()),
        };
        Err(Failure::new(Symptom::Masking, sentence))
    }

    /// Expects a message in one frame.
    pub(crate) async fn message(
        &mut self,
        label: &str,
        opcode: Opcode,
        expected: &[u8],
        keys: &[MaskingKey],
    ) -> Result<(), Failure> {
        let frame = self.wait_for(label, Some(expected), |peer| peer.data.pop_front()).await?;
        self.check_masking(&frame, label)?;
        let lacks_opcode = frame.fin && frame.opcode == Opcode::Continuation && frame.payload == expected;
        if !lacks_opcode && (!frame.fin || frame.opcode == Opcode::Continuation) {
            let sentence = format!("a fragment with {} arrived instead of {label}", quote(&frame.payload));
            return Err(Failure::new(Symptom::Fragment, sentence));
        }
        if frame.payload != expected && self.last.as_ref().is_some_and(|last| last.is_like(&frame)) {
            return Err(self.repeated(&frame));
        }
        payload_diagnosis::check(label, expected, &frame.payload, keys)?;
        if frame.opcode != opcode {
            let sentence = format!(
                "{label} has the opcode {} ({:?}) instead of {} ({opcode:?})",
                frame.opcode.bits(),
                frame.opcode,
                opcode.bits()
            );
            return Err(Failure::new(Symptom::OtherOpcode, sentence));
        }
        self.last = Some(frame);
        Ok(())
    }

    /// Expects a Pong.
    pub(crate) async fn pong(&mut self, label: &str, expected: &[u8], keys: &[MaskingKey]) -> Result<(), Failure> {
        let frame = self.wait_for(label, Some(expected), |peer| peer.pongs.pop_front()).await?;
        self.check_masking(&frame, label)?;
        payload_diagnosis::check(label, expected, &frame.payload, keys)?;
        self.last = Some(frame);
        Ok(())
    }

    /// Ignores all frames, now and later.
    pub(crate) const fn ignore_frames(&mut self) {
        self.ignores_frames = true;
    }

    /// Ends the judge's direction of the TCP connection, waits briefly for the peer to end its own,
    /// and expects that nothing more has arrived.
    pub(crate) async fn part(&mut self) -> Result<(), Failure> {
        self.shutdown().await;
        let deadline = Instant::now() + PARTING;
        while self.read(deadline).await {
            if self.is_open {
                self.parse();
            }
        }
        self.nothing_more()?;
        if !self.is_open || self.ignores_frames || self.close.is_some() || self.input.is_empty() {
            return Ok(());
        }
        let sentence = format!("{} also sent bytes that are not a frame: {}", self.name(), hex(&self.input));
        Err(Failure::new(Symptom::Unexpected, sentence).with_advice(Some(STRAY_ADVICE)))
    }

    /// Expects that no frame has followed the peer's Close, and that no message or Pong is left. (A
    /// Pong without a payload is allowed, because it may be a heartbeat.)
    pub(crate) fn nothing_more(&self) -> Result<(), Failure> {
        if let Some(opcode) = self.after_close.filter(|_| !self.ignores_frames) {
            let sentence = format!("{} sent a {opcode:?} after its Close", self.name());
            return Err(Failure::new(Symptom::Unexpected, sentence).with_advice(Some(AFTER_CLOSE)));
        }
        let pong = self.pongs.iter().find(|pong| !pong.payload.is_empty());
        let Some(frame) = self.data.front().or(pong).filter(|_| !self.ignores_frames) else { return Ok(()) };
        if self.last.as_ref().is_some_and(|last| last.is_like(frame)) {
            return Err(self.repeated(frame));
        }
        let (kind, payload) = (frame.opcode, quote(&frame.payload));
        let sentence = format!("{} also sent a frame that nobody has asked for: {kind:?} {payload}", self.name());
        // For a surplus Pong, give no advice here, because the check's own hint is more specific.
        let advice = (kind != Opcode::Pong).then_some("An echo server or client sends nothing of its own.");
        Err(Failure::new(Symptom::Unexpected, sentence).with_advice(advice))
    }

    /// Returns the failure for a frame that repeats the frame before it.
    fn repeated(&self, frame: &ReceivedFrame) -> Failure {
        let (kind, payload) = (frame.opcode, quote(&frame.payload));
        let sentence = format!("{} sent the same frame twice: {kind:?} {payload}", self.name());
        let advice = match kind {
            Opcode::Pong => "Answer each Ping with one Pong.",
            _ => "Send each message back once.",
        };
        Failure::new(Symptom::Unexpected, sentence).with_advice(Some(advice))
    }

    /// Expects a Close with one of these codes, possibly after other frames.
    pub(crate) async fn close(&mut self, label: &str, codes: &[Option<u16>]) -> Result<(), Failure> {
        let frame = self.wait_for(label, None, |peer| peer.close.take()).await?;
        self.check_masking(&frame, label)?;
        let code = code_of(&frame.payload);
        if !codes.contains(&code) || frame.payload.len() == 1 {
            let close = describe_close(&frame.payload);
            let failure = Failure::new(Symptom::OtherCode, format!("{close} arrived instead of {label}"));
            let is_swapped = codes.iter().flatten().any(|&expected| is_swapped(code, expected));
            return Err(if is_swapped { failure.with_advice(Some(SWAPPED_CODE)) } else { failure });
        }
        if frame.payload.get(2..).is_some_and(|reason| str::from_utf8(reason).is_err()) {
            let sentence = format!("the reason in {label} is not UTF-8: {}", quote(&frame.payload[2..]));
            return Err(Failure::new(Symptom::OtherPayload, sentence).with_advice(Some(REASON)));
        }
        Ok(())
    }

    /// Expects the peer to end the TCP connection within `limit`, without a reset.
    pub(crate) async fn end(&mut self, limit: Duration) -> Result<(), Failure> {
        match self.tcp_end_within(limit).await {
            // Once the peer has ended its direction of the TCP connection, only a failed write
            // reveals a reset.
            Some(TcpEnd::Eof) if !self.write_failed => Ok(()),
            Some(_) => Err(Failure::new(
                Symptom::Reset,
                format!("{} reset the TCP connection, which can destroy what it has sent before", self.name()),
            )),
            None => {
                let sentence = format!("{} did not end the TCP connection within {}", self.name(), seconds(limit));
                Err(Failure::new(Symptom::LeftOpen, sentence))
            }
        }
    }

    /// Waits up to `limit` for the end of the TCP connection. Frames may arrive first.
    pub(crate) async fn tcp_end_within(&mut self, limit: Duration) -> Option<TcpEnd> {
        let deadline = Instant::now() + limit;
        while self.read(deadline).await {
            if self.is_open && !self.is_garbage {
                self.parse();
            } else {
                self.input.clear();
            }
        }
        self.tcp_end
    }

    /// Sends nothing but Pongs until `end` completes. If the peer ends the connection in the
    /// meantime, the next expectation reports this.
    pub(crate) async fn stay_silent(&mut self, end: impl Future<Output = ()>) {
        let mut end = std::pin::pin!(end);
        loop {
            self.parse();
            for payload in std::mem::take(&mut self.pings) {
                let mut keys = || Randomness::Random.key();
                let mut pong = FrameBuilder::new(self.role, &mut keys);
                pong.frame(Opcode::Pong, &payload);
                self.write(&pong.into_bytes()).await;
            }
            if self.tcp_end.is_some() {
                return end.await;
            }
            self.input.reserve(READ_CAPACITY);
            select! {
                () = &mut end => return,
                read = self.stream.read_buf(&mut self.input) => self.record(read),
            }
        }
    }

    /// Resets the TCP connection by dropping it while some of the peer's bytes are unread. At least
    /// two bytes must be in transit, because this function reads one of them first.
    pub(crate) async fn reset(mut self) {
        let _ = timeout(self.answer_timeout, self.stream.read_u8()).await;
    }

    /// Expects the TCP connection to stay open for this long. Frames may arrive in the meantime.
    pub(crate) async fn stays_open(&mut self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + time;
        while self.read(deadline).await {
            self.parse();
            self.data.clear();
        }
        match self.tcp_end {
            None => Ok(()),
            Some(_) => {
                let sentence = format!("{} ended the TCP connection, which must stay open", self.name());
                Err(Failure::new(Symptom::Ended, sentence))
            }
        }
    }

    /// Expects that the peer's masking keys all differ, and that none is zero.
    pub(crate) fn fresh_keys(&self) -> Result<(), Failure> {
        let sentence = if self.keys.contains(&MaskingKey([0; 4])) {
            "a masking key is 00 00 00 00, which masks nothing"
        } else if self.keys.iter().map(|key| key.0).collect::<HashSet<_>>().len() < self.keys.len() {
            "two frames have the same masking key, but each needs a new random one"
        } else {
            return Ok(());
        };
        Err(Failure::new(Symptom::Masking, sentence))
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }
}

impl ReceivedFrame {
    /// Returns `true` if both frames have the same opcode and the same payload.
    fn is_like(&self, other: &Self) -> bool {
        self.opcode == other.opcode && self.payload == other.payload
    }
}

/// Advice on a close code that is written lowest byte first.
pub(crate) const SWAPPED_CODE: &str =
    "The two bytes of the code are in the wrong order: the highest byte comes first, so 1000 is 03 e8.";

/// Returns `true` if `code` is the expected close code with its two bytes swapped.
pub(crate) fn is_swapped(code: Option<u16>, expected: u16) -> bool {
    code == Some(expected.swap_bytes())
}

fn code_of(body: &[u8]) -> Option<u16> {
    body.first_chunk().map(|code| u16::from_be_bytes(*code))
}

fn describe_close(body: &[u8]) -> String {
    match (code_of(body), body.len()) {
        (None, 0) => "a Close without a code".to_owned(),
        (None, _) => "a Close with a body of one byte".to_owned(),
        (Some(code), 2) => format!("a Close {code}"),
        (Some(code), _) => format!("a Close {code} ({})", shorten(&String::from_utf8_lossy(&body[2..]))),
    }
}

#[cfg(test)]
mod tests;

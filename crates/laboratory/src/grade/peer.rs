//! The judge's end of one connection: reads the frames of the peer, and compares them with what is
//! expected.

use std::{
    collections::{HashSet, VecDeque},
    io,
    time::Duration,
};

use bytes::{Buf, BytesMut};
use protocol::{
    Role,
    frame::{FrameHeader, MaskingKey, Opcode, apply_mask},
    handshake::{ClientHandshake, HandshakeError, HandshakeViolation, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    head_diagnosis::{bare_line_feed, head_length},
    header_diagnosis::{self, Diagnosis, STRAY_ADVICE, hex},
    key_diagnosis::diagnose_accept,
    mask_diagnosis::diagnose,
    symptom::{Failure, Symptom},
};
use crate::observations::TcpEnd;

/// The maximum number of bytes of a reason or of a body that a sentence quotes.
const QUOTED: usize = 80;

/// The maximum length of an HTTP head that the judge reads.
const MAX_HEAD: usize = 64 << 10;

/// The time that a peer has to end TCP after the judge. Then the judge drops the connection.
const PARTING: Duration = Duration::from_millis(200);

/// The time after which no more bytes of a wrong frame are expected. A peer on the same machine
/// writes them at once.
const REST: Duration = Duration::from_millis(100);

/// Advice on a peer that goes on after its own Close.
pub(crate) const AFTER_CLOSE: &str = "A Close is the last frame that you send.";

/// Advice on a reason that is not UTF-8.
pub(crate) const REASON: &str = "The reason after the code is text: valid UTF-8, of at most 123 bytes.";

const LINE_END_ADVICE: &str = "Each line of a request or of a response ends with the two bytes CR LF, \\r\\n, and so \
                               does the empty line at its end.";

/// The room for each read in bytes: the largest echo comes in few reads.
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
    /// The time in which each answer must arrive.
    answer_timeout: Duration,
    input: BytesMut,
    /// Data frames and Pongs wait in queues of their own, because a Pong may overtake messages.
    data: VecDeque<ReceivedFrame>,
    pongs: VecDeque<ReceivedFrame>,
    close: Option<ReceivedFrame>,
    /// Whether a Close has arrived, even if a check has taken it.
    has_closed: bool,
    /// The opcode of the first frame after the Close.
    after_close: Option<Opcode>,
    /// The frame that a check has taken last.
    last: Option<ReceivedFrame>,
    /// Whether the connection is open, so that the input consists of frames.
    is_open: bool,
    ignores_frames: bool,
    /// Whether the input begins with bytes that are no valid frame.
    is_garbage: bool,
    tcp_end: Option<TcpEnd>,
    /// Whether a write of the judge has failed.
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

    /// Opens the connection after the handshake. `bytes` were read together with the handshake.
    pub(crate) fn open(&mut self, bytes: &[u8]) {
        self.is_open = true;
        self.input.extend_from_slice(bytes);
        self.parse();
    }

    /// Returns the name of the peer for a sentence.
    pub(crate) const fn name(&self) -> &'static str {
        match self.role {
            Role::Client => "the server",
            Role::Server => "the client",
        }
    }

    /// Writes bytes. A failed write is no failure of the check: the peer may have ended TCP for a
    /// good reason, which the next expectation finds out.
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

    /// Ends the judge's direction of TCP.
    pub(crate) async fn shutdown(&mut self) {
        let _ = timeout(self.answer_timeout, self.stream.shutdown()).await;
    }

    /// Reads once and parses what has arrived. Returns false at the deadline.
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
            // The end of TCP without the alert of TLS breaks a rule of TLS only.
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
            // A frame with more bytes than the memory has never becomes complete.
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
                // The peer may send Pings to keep the connection alive. A check ends before a Pong
                // is overdue.
                Opcode::Ping => {}
                Opcode::Close => {
                    self.close = Some(frame);
                    self.has_closed = true;
                }
            }
        }
    }

    /// Waits until `take` finds something, or explains why nothing will come. `label` names what is
    /// expected, and `payload` is its payload, if that is known.
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

    /// Explains a frame that has the expected payload, but another opcode.
    fn other_opcode(&self, label: &str, payload: &[u8]) -> Option<Failure> {
        let frame = self.data.iter().chain(&self.pongs).find(|frame| frame.payload == payload)?;
        let sentence = format!("instead of {label}, {} sent a {:?} with the same payload", self.name(), frame.opcode);
        Some(Failure::new(Symptom::OtherOpcode, sentence))
    }

    /// Reads until the peer pauses, so that a wrong frame can be diagnosed with all of its bytes.
    async fn read_rest(&mut self) {
        let end = Instant::now() + self.answer_timeout;
        while self.read(end.min(Instant::now() + REST)).await {}
    }

    /// Explains the input, if it begins with bytes that are no valid frame.
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
            Some(TcpEnd::Eof) => {
                Failure::new(Symptom::Ended, format!("{} ended TCP instead of sending {label}", self.name()))
            }
            Some(TcpEnd::Reset) => {
                Failure::new(Symptom::Ended, format!("{} reset TCP instead of sending {label}", self.name()))
            }
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
        check_payload(label, expected, &frame.payload, keys)?;
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
        check_payload(label, expected, &frame.payload, keys)?;
        self.last = Some(frame);
        Ok(())
    }

    /// Ignores all frames, now and later.
    pub(crate) const fn ignore_frames(&mut self) {
        self.ignores_frames = true;
    }

    /// Ends the judge's direction of TCP, waits for a short time until the peer ends the other one,
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
        let sentence = format!("{} also sent bytes that are no frame: {}", self.name(), hex(&self.input));
        Err(Failure::new(Symptom::Unexpected, sentence).with_advice(Some(STRAY_ADVICE)))
    }

    /// Expects that no message and no Pong is left. (A Pong without a payload may be a heartbeat.)
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
        // The check knows why a Pong is one too many.
        let advice = (kind != Opcode::Pong).then_some("An echo server or client sends nothing of its own.");
        Err(Failure::new(Symptom::Unexpected, sentence).with_advice(advice))
    }

    /// Explains a frame that is the same as the one before.
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

    /// Expects that the peer ends TCP within `limit`, and has not reset it.
    pub(crate) async fn end(&mut self, limit: Duration) -> Result<(), Failure> {
        match self.tcp_end_within(limit).await {
            // After the peer's end of TCP, a reset shows only in a write that fails.
            Some(TcpEnd::Eof) if !self.write_failed => Ok(()),
            Some(_) => Err(Failure::new(
                Symptom::Reset,
                format!("{} reset TCP, which can destroy what it has sent before", self.name()),
            )),
            None => {
                let sentence = format!("{} did not end TCP within {}", self.name(), seconds(limit));
                Err(Failure::new(Symptom::LeftOpen, sentence))
            }
        }
    }

    /// Waits for the end of TCP. Frames may arrive before.
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

    /// Expects that TCP stays open for this time. Frames may arrive meanwhile.
    pub(crate) async fn stays_open(&mut self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + time;
        while self.read(deadline).await {
            self.parse();
            self.data.clear();
        }
        match self.tcp_end {
            None => Ok(()),
            Some(_) => {
                let sentence = format!("{} ended TCP, but the connection must stay open", self.name());
                Err(Failure::new(Symptom::Ended, sentence))
            }
        }
    }

    /// Expects a response that opens the connection.
    pub(crate) async fn accepted(&mut self, mut handshake: ClientHandshake) -> Result<(), Failure> {
        let deadline = Instant::now() + self.answer_timeout;
        let failed = |sentence: String| Err(Failure::new(Symptom::Handshake, sentence));
        let request = handshake.request_bytes();
        let mut received = Vec::new();
        loop {
            received.extend_from_slice(&self.input);
            handshake.input().extend_from_slice(&self.input.split());
            match handshake.poll() {
                Ok(Status::Complete(established)) => {
                    received.truncate(received.len() - established.rest.len());
                    if let Some(line) = bare_line_feed(&received) {
                        let failure = Failure::new(Symptom::Handshake, format!("in the response, {line}"));
                        return Err(failure.with_advice(Some(LINE_END_ADVICE)));
                    }
                    self.open(&established.rest);
                    return Ok(());
                }
                Ok(Status::Partial(waiting)) => handshake = waiting,
                Err(HandshakeError::Rejected(response)) => {
                    let body = String::from_utf8_lossy(response.body());
                    // A page in HTML explains nothing in its first line.
                    let line = body.lines().next().filter(|line| !line.is_empty() && !line.starts_with('<'));
                    let body = line.map(|line| format!(" ({})", shorten(line))).unwrap_or_default();
                    return failed(format!("the server answered HTTP {}{body} instead of 101", response.status()));
                }
                Err(HandshakeError::Violation(violation)) => {
                    let mistake = accept_mistake(&request, &violation);
                    let mistake = mistake.map(|mistake| format!(" ({mistake})")).unwrap_or_default();
                    return failed(format!("the response does not open a WebSocket: {violation}{mistake}"));
                }
            }
            if !self.read(deadline).await {
                return Err(self.no_head(&received, "the response", "the response 101"));
            }
        }
    }

    /// Expects a response with one of these statuses.
    pub(crate) async fn rejected(&mut self, statuses: &[u16]) -> Result<(), Failure> {
        let list = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        let deadline = Instant::now() + self.answer_timeout;
        loop {
            if let Some(status) = self.status() {
                self.check_line_ends("response")?;
                if statuses.contains(&status) {
                    return Ok(());
                }
                let symptom = if status == 101 { Symptom::Tolerated } else { Symptom::Handshake };
                return Err(Failure::new(symptom, format!("the server answered HTTP {status} instead of {list}")));
            }
            if !self.read(deadline).await {
                return Err(self.no_head(&self.input, "the response", &format!("a response {list}")));
            }
        }
    }

    /// Explains why a head has not arrived. `begun` is what has arrived of it, `name` its name, and
    /// `label` names what is expected.
    fn no_head(&self, begun: &[u8], name: &str, label: &str) -> Failure {
        if begun.is_empty() || self.tcp_end.is_some() {
            return self.nothing(label);
        }
        let time = seconds(self.answer_timeout);
        let sentence = format!("the empty line at the end of {name} did not arrive within {time}");
        Failure::new(Symptom::Incomplete, sentence).with_advice(Some(LINE_END_ADVICE))
    }

    /// Expects that the lines of the head at the beginning of the input end with CR LF.
    fn check_line_ends(&self, name: &str) -> Result<(), Failure> {
        let head = &self.input[..head_length(&self.input).unwrap_or(0)];
        match bare_line_feed(head) {
            None => Ok(()),
            Some(line) => {
                let sentence = format!("in the {name}, {line}");
                Err(Failure::new(Symptom::Handshake, sentence).with_advice(Some(LINE_END_ADVICE)))
            }
        }
    }

    /// Returns the status of the response if its head has arrived.
    fn status(&self) -> Option<u16> {
        let end = head_length(&self.input)?;
        let head = String::from_utf8_lossy(&self.input[..end]);
        head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
    }

    /// Writes `unit` again and again, up to `total` bytes, until `done` is true or TCP ends, and
    /// reads at the same time. Returns how many bytes were written.
    async fn flood(&mut self, unit: &[u8], total: usize, done: impl Fn(&Self) -> bool) -> usize {
        let (mut written, mut write_ended) = (0, false);
        loop {
            self.parse_if_open();
            if done(self) || self.tcp_end.is_some() || written >= total || write_ended {
                break;
            }
            let stalled = Instant::now() + self.answer_timeout;
            let at = written % unit.len();
            self.input.reserve(READ_CAPACITY);
            let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
            let read = select! {
                biased;
                read = reader.read_buf(&mut self.input) => Some(read),
                count = writer.write(&unit[at..]) => {
                    match count {
                        Ok(count) if count > 0 => written += count,
                        _ => write_ended = true,
                    }
                    None
                }
                () = tokio::time::sleep_until(stalled) => break,
            };
            if let Some(read) = read {
                self.record(read);
            }
        }
        written
    }

    fn parse_if_open(&mut self) {
        if !self.input.starts_with(b"HTTP/") {
            self.parse();
        }
    }

    /// Floods the peer until it sends a Close with `code`.
    pub(crate) async fn flood_until_close(&mut self, unit: &[u8], total: usize, code: u16) -> Result<(), Failure> {
        let written = self.flood(unit, total, |peer| peer.close.is_some()).await;
        self.close(&format!("a Close {code} after {} of fragments", mebibytes(written)), &[Some(code)]).await
    }

    /// Floods the peer until it rejects the request or ends TCP.
    pub(crate) async fn flood_until_rejected(&mut self, unit: &[u8], total: usize) -> Result<(), Failure> {
        let written = self.flood(unit, total, |peer| peer.status().is_some()).await;
        if self.status().is_none() && self.tcp_end_within(self.answer_timeout).await.is_some() {
            return Ok(());
        }
        match self.status() {
            Some(400..=499) => Ok(()),
            Some(status) => Err(Failure::new(
                Symptom::Handshake,
                format!("the server answered HTTP {status} instead of 400 or 431"),
            )),
            None => {
                let sentence =
                    format!("the server still waits for the end of the request after {}", mebibytes(written));
                Err(Failure::new(Symptom::LeftOpen, sentence))
            }
        }
    }

    /// Writes `byte` at this interval until the peer has ended TCP, for `patience` at most.
    pub(crate) async fn trickle(
        &mut self,
        byte: u8,
        interval: Duration,
        both_directions: bool,
        patience: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.tcp_end == Some(TcpEnd::Reset) || self.tcp_end.is_some() && !both_directions {
                return Ok(());
            }
            if timeout(interval, self.stream.write_all(&[byte])).await.is_ok_and(|written| written.is_err()) {
                return Ok(());
            }
            let next = Instant::now() + interval;
            while self.read(next).await {
                self.input.clear();
            }
            sleep(next.saturating_duration_since(Instant::now())).await;
        }
        let sentence = format!("{} still keeps the connection after {}", self.name(), seconds(patience));
        Err(Failure::new(Symptom::LeftOpen, sentence))
    }

    /// Expects that the peer ends TCP, for `patience` at most.
    pub(crate) async fn ends_in_time(&mut self, patience: Duration) -> Result<(), Failure> {
        match self.tcp_end_within(patience).await {
            Some(_) => Ok(()),
            None => {
                let sentence = format!("{} still keeps the connection after {}", self.name(), seconds(patience));
                Err(Failure::new(Symptom::LeftOpen, sentence))
            }
        }
    }

    /// Expects that all masking keys of the peer differ, and that none is zero.
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

    /// Reads an HTTP head. Returns the head and everything after it.
    pub(crate) async fn head(&mut self) -> Result<BytesMut, Failure> {
        let deadline = Instant::now() + self.answer_timeout;
        loop {
            if head_length(&self.input).is_some() {
                self.check_line_ends("request")?;
                return Ok(self.input.split());
            }
            if self.input.len() > MAX_HEAD {
                return Err(Failure::new(Symptom::Garbage, "the request is longer than 64 KiB"));
            }
            if !self.read(deadline).await {
                return Err(self.no_head(&self.input, "the request", "a whole request"));
            }
        }
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }
}

impl ReceivedFrame {
    /// Returns whether the frames have the same opcode and the same payload.
    fn is_like(&self, other: &Self) -> bool {
        self.opcode == other.opcode && self.payload == other.payload
    }
}

/// Returns the mistake in the accept value that answers the key of `request`.
fn accept_mistake(request: &[u8], violation: &HandshakeViolation) -> Option<String> {
    let HandshakeViolation::AcceptWrong { received, .. } = violation else { return None };
    let request = String::from_utf8_lossy(request);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    diagnose_accept(key, received)
}

/// Advice on a close code that is written lowest byte first.
pub(crate) const SWAPPED_CODE: &str =
    "The two bytes of the code are in the wrong order: the highest byte comes first, so 1000 is 03 e8.";

/// Returns whether a close code is the expected one, written lowest byte first.
pub(crate) fn is_swapped(code: Option<u16>, expected: u16) -> bool {
    code == Some(expected.swap_bytes())
}

fn check_payload(label: &str, expected: &[u8], got: &[u8], keys: &[MaskingKey]) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    let mut sentence = format!("{label} has another payload: {} instead of {}", quote(got), quote(expected));
    if expected.len() == got.len() {
        let first = expected.iter().zip(got).take_while(|(expected, got)| expected == got).count();
        if first > 0 {
            sentence.push_str(&format!(", different from byte {first} on"));
        }
    } else {
        sentence.push_str(&format!(" ({} bytes instead of {})", got.len(), expected.len()));
    }
    if let Some(diagnosis) = diagnose(expected, got, keys) {
        sentence.push_str(&format!(" ({diagnosis})"));
    }
    Err(Failure::new(Symptom::OtherPayload, sentence))
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

/// Returns a payload as text in quotation marks, or as bytes in hexadecimal.
pub(crate) fn quote(payload: &[u8]) -> String {
    /// Some bytes are enough to recognise a payload.
    const SHOWN: usize = 24;
    let more = if payload.len() > SHOWN { "..." } else { "" };
    match str::from_utf8(payload) {
        Ok(text) if !text.chars().any(char::is_control) => {
            let shown: String = text.chars().take(SHOWN).collect();
            format!("\"{shown}{more}\"")
        }
        _ => {
            let shown: Vec<_> = payload.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
            shown.join(" ") + more
        }
    }
}

/// Returns the beginning of a text of the peer, without control characters.
fn shorten(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(QUOTED).collect()
}

fn mebibytes(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

#[cfg(test)]
mod tests;

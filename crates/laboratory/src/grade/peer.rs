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
    handshake::{ClientHandshake, HandshakeError, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    mask_diagnosis::diagnose,
    symptom::{Failure, Symptom},
};
use crate::observations::TcpEnd;

/// The maximum number of bytes of a reason or of a body that a sentence quotes.
const QUOTED: usize = 80;

/// The maximum length of an HTTP head that the judge reads.
const MAX_HEAD: usize = 64 << 10;

/// The room for each read in bytes: the largest echo comes in few reads.
const READ_CAPACITY: usize = 64 << 10;

#[derive(Debug)]
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
    /// The reason why the peer's bytes are not frames.
    garbage: Option<String>,
    tcp_end: Option<TcpEnd>,
    /// Whether TCP has rejected bytes of the judge.
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
            garbage: None,
            tcp_end: None,
            write_failed: false,
            keys: Vec::new(),
        }
    }

    /// Adds bytes that were read together with the handshake.
    pub(crate) fn add_input(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.parse();
    }

    /// Returns what the peer is.
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
        while self.garbage.is_none() {
            let (header, length) = match FrameHeader::parse(&self.input) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => return,
                Err(violation) => {
                    self.garbage = Some(violation.to_string());
                    return;
                }
            };
            if !header.reserved.is_empty() {
                self.garbage = Some("a reserved bit is set, but no extension was negotiated".to_owned());
                return;
            }
            let Some(end) = usize::try_from(header.payload_length).ok().and_then(|payload| payload.checked_add(length))
            else {
                self.garbage = Some("a frame announces more bytes than any computer's memory has".to_owned());
                return;
            };
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
            match frame.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => self.data.push_back(frame),
                Opcode::Pong => self.pongs.push_back(frame),
                // The peer may send Pings to keep the connection alive. A check ends before a Pong
                // is overdue.
                Opcode::Ping => {}
                Opcode::Close => {
                    self.close.get_or_insert(frame);
                }
            }
        }
    }

    /// Waits until `take` finds something, or explains why nothing will come. `label` names what is
    /// expected.
    async fn wait_for<T>(&mut self, label: &str, take: impl Fn(&mut Self) -> Option<T>) -> Result<T, Failure> {
        let deadline = Instant::now() + self.answer_timeout;
        loop {
            self.parse();
            if let Some(found) = take(self) {
                return Ok(found);
            }
            if let Some(why) = &self.garbage {
                let sentence = format!("{} sent a frame that breaks a rule instead of {label}: {why}", self.name());
                return Err(Failure::new(Symptom::Garbage, sentence));
            }
            if let Some(close) = &self.close {
                let sentence = format!("{} arrived instead of {label}", describe_close(&close.payload));
                return Err(Failure::new(Symptom::Closed, sentence));
            }
            if !self.read(deadline).await {
                return Err(self.nothing(label));
            }
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
        let frame = self.wait_for(label, |peer| peer.data.pop_front()).await?;
        self.check_masking(&frame, label)?;
        if !frame.fin || frame.opcode == Opcode::Continuation {
            let sentence = format!("a fragment with {} arrived instead of {label}", quote(&frame.payload));
            return Err(Failure::new(Symptom::Fragment, sentence));
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
        Ok(())
    }

    /// Expects a Pong.
    pub(crate) async fn pong(&mut self, label: &str, expected: &[u8], keys: &[MaskingKey]) -> Result<(), Failure> {
        let frame = self.wait_for(label, |peer| peer.pongs.pop_front()).await?;
        self.check_masking(&frame, label)?;
        check_payload(label, expected, &frame.payload, keys)
    }

    /// Expects that no message and no Pong is left. (A Pong without a payload may be a heartbeat.)
    pub(crate) fn nothing_more(&self) -> Result<(), Failure> {
        let pong = self.pongs.iter().find(|pong| !pong.payload.is_empty());
        let Some(frame) = self.data.front().or(pong) else { return Ok(()) };
        let (kind, payload) = (frame.opcode, quote(&frame.payload));
        let sentence = format!("{} also sent a frame that nobody has asked for: {kind:?} {payload}", self.name());
        Err(Failure::new(Symptom::Unexpected, sentence))
    }

    /// Expects a Close with one of these codes, possibly after other frames.
    pub(crate) async fn close(&mut self, label: &str, codes: &[Option<u16>]) -> Result<(), Failure> {
        let frame = self.wait_for(label, |peer| peer.close.take()).await?;
        self.check_masking(&frame, label)?;
        let code = code_of(&frame.payload);
        if !codes.contains(&code) || frame.payload.len() == 1 {
            let close = describe_close(&frame.payload);
            return Err(Failure::new(Symptom::OtherCode, format!("{close} arrived instead of {label}")));
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

    /// Waits for the end of TCP, and ignores what arrives before.
    pub(crate) async fn tcp_end_within(&mut self, limit: Duration) -> Option<TcpEnd> {
        let deadline = Instant::now() + limit;
        while self.read(deadline).await {
            self.input.clear();
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
        loop {
            handshake.input().extend_from_slice(&self.input.split());
            match handshake.poll() {
                Ok(Status::Complete(established)) => {
                    self.add_input(&established.rest);
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
                    return failed(format!("the response does not open a WebSocket: {violation}"));
                }
            }
            if !self.read(deadline).await {
                return Err(self.nothing("the response 101"));
            }
        }
    }

    /// Expects a response with one of these statuses.
    pub(crate) async fn rejected(&mut self, statuses: &[u16]) -> Result<(), Failure> {
        let list = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        let deadline = Instant::now() + self.answer_timeout;
        loop {
            if let Some(status) = self.status() {
                if statuses.contains(&status) {
                    return Ok(());
                }
                let symptom = if status == 101 { Symptom::Tolerated } else { Symptom::Handshake };
                return Err(Failure::new(symptom, format!("the server answered HTTP {status} instead of {list}")));
            }
            if !self.read(deadline).await {
                return Err(self.nothing(&format!("a response {list}")));
            }
        }
    }

    /// Returns the status of the response if its head has arrived.
    fn status(&self) -> Option<u16> {
        let end = self.input.windows(4).position(|four| four == b"\r\n\r\n")?;
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
            if self.input.windows(4).any(|four| four == b"\r\n\r\n") {
                return Ok(self.input.split());
            }
            if self.input.len() > MAX_HEAD {
                return Err(Failure::new(Symptom::Garbage, "the request is longer than 64 KiB"));
            }
            if !self.read(deadline).await {
                return Err(self.nothing("a whole request"));
            }
        }
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }
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
fn quote(payload: &[u8]) -> String {
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

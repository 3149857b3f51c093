//! Reads the heads of the opening handshake, and compares them with what is expected.

use bytes::BytesMut;
use protocol::handshake::{ClientHandshake, HandshakeError, HandshakeViolation, Status};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    super::{
        head_diagnosis::{bare_line_feed, head_length},
        key_diagnosis::diagnose_accept,
        symptom::{Failure, Symptom},
        words::{seconds, shorten},
    },
    Peer,
};

/// The maximum length of an HTTP head that the judge reads.
pub(super) const MAX_HEAD: usize = 64 << 10;

const LINE_END_ADVICE: &str = "Each line of a request or of a response ends with the two bytes CR LF, \\r\\n, and so \
                               does the empty line at its end.";

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
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
                    // The first line of an HTML page explains nothing, so do not quote it.
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

    /// Explains why a head has not arrived. `begun` is the part that has arrived, `name` is the
    /// name of the head, and `label` is what was expected.
    fn no_head(&self, begun: &[u8], name: &str, label: &str) -> Failure {
        if begun.is_empty() || self.tcp_end.is_some() {
            return self.nothing(label);
        }
        let time = seconds(self.answer_timeout);
        let sentence = format!("the empty line at the end of {name} did not arrive within {time}");
        Failure::new(Symptom::Incomplete, sentence).with_advice(Some(LINE_END_ADVICE))
    }

    /// Expects each line of the head at the beginning of the input to end with CR LF.
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
    pub(super) fn status(&self) -> Option<u16> {
        let end = head_length(&self.input)?;
        let head = String::from_utf8_lossy(&self.input[..end]);
        head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
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
}

/// Returns what is wrong with the accept value that the server sent for the key in `request`.
fn accept_mistake(request: &[u8], violation: &HandshakeViolation) -> Option<String> {
    let HandshakeViolation::AcceptWrong { received, .. } = violation else { return None };
    let request = String::from_utf8_lossy(request);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    diagnose_accept(key, received)
}

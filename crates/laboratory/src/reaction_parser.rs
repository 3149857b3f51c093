//! Parses the bytes that the peer sends.
//!
//! The parser is more lenient than the protocol crate's receiver, because a peer that reacts to a
//! fault may break rules too, and its reaction must still be recognised.

use bytes::{Buf, BytesMut};
use protocol::frame::{FrameHeader, Opcode, apply_mask};

use crate::reaction::{ObservedClose, ObservedResponse, Reaction};

/// The maximum number of bytes to keep from each frame's payload. The payloads that matter are
/// never longer: those of control frames, and those of faults that the peer sends back as messages.
const KEPT_PAYLOAD: usize = 256;

/// The maximum size of an HTTP head in bytes. A longer head counts as garbage.
const MAX_HEAD: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct ReactionParser {
    input: BytesMut,
    stage: Stage,
    /// The number of bytes of the current payload that must still be skipped.
    unwanted: u64,
}

/// The kind of input that comes next.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Response,
    Frames,
    /// The response is complete, or the input was garbage. The rest is ignored.
    Done,
}

impl ReactionParser {
    /// Creates a parser for an HTTP response.
    pub(crate) fn of_response() -> Self {
        Self { input: BytesMut::new(), stage: Stage::Response, unwanted: 0 }
    }

    /// Creates a parser for frames.
    pub(crate) fn of_frames() -> Self {
        Self { stage: Stage::Frames, ..Self::of_response() }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        if self.stage != Stage::Done {
            self.input.extend_from_slice(bytes);
        }
    }

    /// Returns the next reaction, or `None` if it is not complete yet.
    pub(crate) fn next(&mut self) -> Option<Reaction> {
        match self.stage {
            Stage::Response => self.response(),
            Stage::Frames => self.frame(),
            Stage::Done => None,
        }
    }

    fn garbage(&mut self, explanation: &impl ToString) -> Option<Reaction> {
        self.stage = Stage::Done;
        self.input.clear();
        Some(Reaction::Garbage(explanation.to_string()))
    }

    fn response(&mut self) -> Option<Reaction> {
        let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if self.input.len() > MAX_HEAD { self.garbage(&"an HTTP head without an end") } else { None };
        };
        let head = String::from_utf8_lossy(&self.input[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| {
            let (version, rest) = line.split_once(' ')?;
            version.strip_prefix("HTTP/1.").and(rest.get(..3)?.parse().ok())
        });
        let Some(status) = status else { return self.garbage(&"the answer is not an HTTP response") };
        let lists_version_13 = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
            name.eq_ignore_ascii_case("Sec-WebSocket-Version") && value.split(',').any(|version| version.trim() == "13")
        });
        self.stage = Stage::Done;
        self.input.clear();
        Some(Reaction::Response(ObservedResponse { status, lists_version_13 }))
    }

    fn frame(&mut self) -> Option<Reaction> {
        loop {
            // Skip the part of a long payload that is not kept, so that the next frame is at the
            // beginning of the input. If part of the payload has still to arrive, the input is now
            // empty.
            let skipped = usize::try_from(self.unwanted).map_or(self.input.len(), |left| left.min(self.input.len()));
            self.input.advance(skipped);
            self.unwanted -= skipped as u64;
            let (header, len) = match FrameHeader::parse(&self.input) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => return None,
                Err(violation) => return self.garbage(&violation),
            };
            let kept = usize::try_from(header.payload_length).map_or(KEPT_PAYLOAD, |length| length.min(KEPT_PAYLOAD));
            let mut payload = self.input.get(len..len + kept)?.to_vec();
            self.input.advance(len + kept);
            self.unwanted = header.payload_length - kept as u64;
            if let Some(key) = header.masking_key {
                apply_mask(&mut payload, key);
            }
            return Some(match header.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => Reaction::Data(payload),
                Opcode::Pong => Reaction::Pong(payload),
                // The peer may send Pings to keep the connection alive. They are not answered,
                // because the test ends before a Pong is overdue.
                Opcode::Ping => continue,
                Opcode::Close => Reaction::Close(parse_close_body(&payload)),
            });
        }
    }
}

/// Parses the body of a Close frame, even if the body is invalid.
fn parse_close_body(body: &[u8]) -> ObservedClose {
    match body {
        &[high, low, ref reason @ ..] => ObservedClose {
            code: Some(u16::from_be_bytes([high, low])),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        _ => ObservedClose::default(),
    }
}

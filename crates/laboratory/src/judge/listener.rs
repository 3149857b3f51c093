//! From bytes to what they mean, with more patience than the protocol's own receiver has: who answers a broken rule may
//! break rules too, and is heard all the same.

use bytes::{Buf, BytesMut};
use protocol::frame::{FrameHeader, Opcode, apply_mask};

use super::{Heard, seen::CloseSeen};

/// How much of a frame's payload is kept: what a control frame has, and more than any echo of ours.
const KEPT: usize = 256;

/// How much of an HTTP head is kept. What no head of this length ends is no answer.
const HEAD_MAX: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Listener {
    input: BytesMut,
    expects: Expects,
    /// Bytes of a payload that are still to come and that nobody wants.
    unwanted: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Expects {
    Response,
    Frames,
    /// Nothing that can be understood will come.
    Nothing,
}

impl Listener {
    pub(super) fn to_response() -> Self {
        Self { input: BytesMut::new(), expects: Expects::Response, unwanted: 0 }
    }

    pub(super) fn to_frames() -> Self {
        Self { expects: Expects::Frames, ..Self::to_response() }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        if self.expects != Expects::Nothing {
            self.input.extend_from_slice(bytes);
        }
    }

    /// The next thing in the input; `None` when more bytes are needed.
    pub(super) fn next(&mut self) -> Option<Heard> {
        match self.expects {
            Expects::Response => self.response(),
            Expects::Frames => self.frame(),
            Expects::Nothing => None,
        }
    }

    fn garbage(&mut self, what: &impl ToString) -> Option<Heard> {
        self.expects = Expects::Nothing;
        self.input.clear();
        Some(Heard::Garbage(what.to_string()))
    }

    fn response(&mut self) -> Option<Heard> {
        let Some(end) = self.input.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if self.input.len() > HEAD_MAX { self.garbage(&"an HTTP head without an end") } else { None };
        };
        let head = String::from_utf8_lossy(&self.input[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| {
            let (version, rest) = line.split_once(' ')?;
            version.strip_prefix("HTTP/1.").and(rest.get(..3)?.parse().ok())
        });
        let Some(status) = status else { return self.garbage(&"the answer is no HTTP response") };
        let names_version = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
            name.eq_ignore_ascii_case("Sec-WebSocket-Version") && value.split(',').any(|version| version.trim() == "13")
        });
        self.expects = Expects::Nothing;
        self.input.clear();
        Some(Heard::Response { status, names_version })
    }

    fn frame(&mut self) -> Option<Heard> {
        loop {
            let passed = usize::try_from(self.unwanted).map_or(self.input.len(), |left| left.min(self.input.len()));
            self.input.advance(passed);
            self.unwanted -= passed as u64;
            if self.unwanted > 0 {
                return None;
            }
            let (header, len) = match FrameHeader::parse(&self.input) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => return None,
                Err(violation) => return self.garbage(&violation),
            };
            let kept = usize::try_from(header.payload_length).map_or(KEPT, |length| length.min(KEPT));
            let mut payload = self.input.get(len..len + kept)?.to_vec();
            self.input.advance(len + kept);
            self.unwanted = header.payload_length - kept as u64;
            if let Some(key) = header.masking_key {
                apply_mask(&mut payload, key);
            }
            return Some(match header.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => Heard::Data(payload),
                Opcode::Pong => Heard::Pong(payload),
                // Pings of a keep-alive are not for us to answer: the experiment will be over soon.
                Opcode::Ping => continue,
                Opcode::Close => Heard::Close(close(&payload)),
            });
        }
    }
}

/// Reads a Close's body, right or wrong.
fn close(body: &[u8]) -> CloseSeen {
    match body {
        &[high, low, ref reason @ ..] => CloseSeen {
            code: Some(u16::from_be_bytes([high, low])),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        _ => CloseSeen::default(),
    }
}

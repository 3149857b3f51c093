//! What a connection says, and what it has to hear.

use bench::frames::{FrameKind, from_client, from_server, payload};

/// A burst of messages and the replies to it, as bytes.
#[derive(Debug)]
pub(crate) struct Script {
    pub(super) request: Vec<u8>,
    pub(super) reply: Vec<u8>,
    /// Where each reply ends.
    pub(super) ends: Vec<usize>,
}

impl Script {
    /// `in_flight` messages of `size` bytes, each with a content and a key of its own. `framed` is false for a server that
    /// knows no WebSocket: it has to give back the same bytes.
    pub(crate) fn new(kind: FrameKind, size: usize, in_flight: usize, framed: bool) -> Self {
        let mut script = Self { request: Vec::new(), reply: Vec::new(), ends: Vec::new() };
        for seed in (1..).take(in_flight) {
            let payload = payload(kind, size, seed);
            let [a, b, c, d, ..] = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
            let frame = from_client(kind, &payload, [a, b, c, d]);
            let reply = if framed { from_server(kind, &payload) } else { frame.clone() };
            script.request.extend(frame);
            script.reply.extend(reply);
            script.ends.push(script.reply.len());
        }
        script
    }

    /// Messages in the burst.
    pub(crate) fn messages(&self) -> u64 {
        self.ends.len() as u64
    }
}

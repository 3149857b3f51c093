//! The bytes that a connection sends, and the bytes that it must receive.

use bench::frames::{PayloadKind, from_client, from_server, payload};

/// A burst of messages, and the replies to them, as bytes.
#[derive(Debug)]
pub(crate) struct Burst {
    pub(super) request: Vec<u8>,
    pub(super) reply: Vec<u8>,
    /// The offset in `reply` at which each reply ends.
    pub(super) ends: Vec<usize>,
}

impl Burst {
    /// Creates a burst of `in_flight` messages of `size` bytes. Each message has its own content
    /// and masking key.
    ///
    /// `framed` is `false` for a server that does not speak WebSocket, which must send back exactly
    /// the bytes that it received.
    pub(crate) fn new(kind: PayloadKind, size: usize, in_flight: usize, framed: bool) -> Self {
        let mut burst = Self { request: Vec::new(), reply: Vec::new(), ends: Vec::new() };
        for seed in (1..).take(in_flight) {
            let payload = payload(kind, size, seed);
            let [a, b, c, d, ..] = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
            let frame = from_client(kind, &payload, [a, b, c, d]);
            let reply = if framed { from_server(kind, &payload) } else { frame.clone() };
            burst.request.extend(frame);
            burst.reply.extend(reply);
            burst.ends.push(burst.reply.len());
        }
        burst
    }

    /// Returns the number of messages in the burst.
    pub(crate) fn messages(&self) -> u64 {
        self.ends.len() as u64
    }
}

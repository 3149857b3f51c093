//! Limits on everything that a peer decides (section 10.4).
//!
//! A length in a frame header is a promise, not a fact: fourteen bytes can announce nine exabytes. Memory here grows
//! with the bytes that have *arrived*, and these limits say where it stops.

//= docs/src/rfc6455.md#section-5-5
//# The payload of a control frame MUST have at most 125 bytes.
/// A control frame's payload: 125 bytes at most, so that its length always fits the seven-bit form (section 5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// A Close reason: what a control frame holds, less the two bytes of the code (section 5.5.1).
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// What a connection takes from its peer before it fails. The defaults suit a server on the open internet.
//= docs/src/rfc6455.md#section-10-4
//# An implementation with limits on frames or messages MUST protect itself from what exceeds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The opening handshake's head, in bytes. 16 KiB by default: Node allows as much, and browsers with many cookies
    /// stay below it.
    pub max_head_bytes: usize,
    /// The opening handshake's header lines. 100 by default: a browser sends about 15, proxies add a handful.
    pub max_headers: usize,
    /// One frame's payload, in bytes. 64 MiB by default, as for a message: a message may well be one frame.
    //= docs/src/rfc6455.md#section-10-4
    //# An implementation with limits SHOULD have one for frames and one for whole messages.
    pub max_frame_bytes: usize,
    /// One message's payload after reassembly, in bytes. 64 MiB by default, as in tungstenite; `ws` allows 100 MiB.
    pub max_message_bytes: usize,
    /// The fragments of one message. 2^20 by default: enough for 1 MiB in single bytes or 64 MiB in pieces of 64, and
    /// an end for a peer that sends empty fragments without end, which no limit on bytes would ever stop.
    pub fragments: u32,
    /// Control frames within a second. 10,000 by default: far above any keep-alive, far below what keeps a core busy.
    pub max_control_frames_per_second: u32,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        max_head_bytes: 16 << 10,
        max_headers: 100,
        max_frame_bytes: 64 << 20,
        max_message_bytes: 64 << 20,
        fragments: 1 << 20,
        max_control_frames_per_second: 10_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

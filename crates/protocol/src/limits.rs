//! The limits on what a peer may send (section 10.4).
//!
//! A length in a frame header is only an announcement: a header of fourteen bytes can announce a
//! payload of nine exabytes. This crate therefore allocates memory for a payload only as its bytes
//! *arrive* or are inflated, and these limits cap that memory.

/// The maximum payload of a control frame, in bytes. A length of up to 125 always fits the
/// seven-bit form (section 5.5).
//= docs/src/rfc6455.md#section-5-5
//# The payload of a control frame MUST be at most 125 bytes long.
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The maximum length of a Close reason, in bytes: the maximum payload of a control frame, minus
/// two bytes for the close code (section 5.5.1).
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// The limits on input from the peer. If a peer exceeds a limit, the handshake or the connection
/// fails. The defaults suit a server on the open internet.
///
/// ```
/// let limits = protocol::Limits::default().max_frame_bytes(64 << 10).max_message_bytes(1 << 20);
/// ```
//= docs/src/rfc6455.md#section-10-4
//# An implementation that limits the size of frames or messages MUST protect itself against input
//# that exceeds those limits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum size of the opening handshake's head, in bytes. 16 KiB by default: Node allows
    /// the same size, and browsers with many cookies stay below it.
    pub max_head_bytes: usize,
    /// The maximum number of headers in the opening handshake. 100 by default: a browser sends
    /// about 15, and proxies add a few.
    pub max_headers: usize,
    /// The maximum size of one frame's payload, in bytes. 16 MiB by default, the same as the
    /// maximum size of a message, because a message can consist of a single frame.
    //= docs/src/rfc6455.md#section-10-4
    //# An implementation with limits SHOULD limit both the size of a frame and the size of a whole
    //# message.
    pub max_frame_bytes: usize,
    /// The maximum size of one message's payload after reassembly, in bytes. 16 MiB by default:
    /// enough for the largest messages of the Autobahn testsuite and for the snapshots of most data
    /// feeds, and a quarter of what tungstenite allows. A server whose clients send only small
    /// messages should set a smaller limit. The limit applies to each connection separately. To
    /// limit the total for all connections, the driver must keep a budget.
    pub max_message_bytes: usize,
    /// The maximum number of fragments of one message. 2^20 by default: enough for 1 MiB in
    /// fragments of one byte, or 16 MiB in fragments of 16 bytes. This limit also stops a peer that
    /// sends empty fragments forever, which a limit on bytes would not stop.
    pub max_fragments: u32,
    /// The maximum number of control frames within one second. 10,000 by default: far more than any
    /// keep-alive needs, and far fewer than would keep a core busy.
    pub max_control_frames_per_second: u32,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        max_head_bytes: 16 << 10,
        max_headers: 100,
        max_frame_bytes: 16 << 20,
        max_message_bytes: 16 << 20,
        max_fragments: 1 << 20,
        max_control_frames_per_second: 10_000,
    };

    /// Sets [`max_head_bytes`](Self::max_head_bytes).
    #[must_use]
    pub const fn max_head_bytes(mut self, limit: usize) -> Self {
        self.max_head_bytes = limit;
        self
    }

    /// Sets [`max_headers`](Self::max_headers).
    #[must_use]
    pub const fn max_headers(mut self, limit: usize) -> Self {
        self.max_headers = limit;
        self
    }

    /// Sets [`max_frame_bytes`](Self::max_frame_bytes).
    #[must_use]
    pub const fn max_frame_bytes(mut self, limit: usize) -> Self {
        self.max_frame_bytes = limit;
        self
    }

    /// Sets [`max_message_bytes`](Self::max_message_bytes).
    #[must_use]
    pub const fn max_message_bytes(mut self, limit: usize) -> Self {
        self.max_message_bytes = limit;
        self
    }

    /// Sets [`max_fragments`](Self::max_fragments).
    #[must_use]
    pub const fn max_fragments(mut self, limit: u32) -> Self {
        self.max_fragments = limit;
        self
    }

    /// Sets [`max_control_frames_per_second`](Self::max_control_frames_per_second).
    #[must_use]
    pub const fn max_control_frames_per_second(mut self, limit: u32) -> Self {
        self.max_control_frames_per_second = limit;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

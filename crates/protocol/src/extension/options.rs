//! What one end wants of permessage-deflate.

use std::fmt;

use crate::usage_error::UsageError;

/// The size of the LZ77 window, how far back a compressor may refer, as the power of two that it is: 8 (256 bytes) to
/// 15 (32 KiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 256 bytes.
    pub const MIN: Self = Self(8);
    /// 32 KiB: all that DEFLATE can express, and what holds where nothing is said.
    pub const MAX: Self = Self(15);

    /// Takes a number of bits.
    ///
    /// # Errors
    /// [`UsageError::WindowBits`] outside 8 to 15.
    pub const fn new(bits: u8) -> Result<Self, UsageError> {
        if bits < Self::MIN.0 || bits > Self::MAX.0 { Err(UsageError::WindowBits(bits)) } else { Ok(Self(bits)) }
    }

    /// The number of bits.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The window in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        1 << self.0
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How hard a compressor tries, from 0 (not at all) to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// 1: on JSON of 1 KiB, four times as fast as zlib's usual 6 for a fifth more bytes.
    pub const FAST: Self = Self(1);

    /// Takes a level.
    ///
    /// # Errors
    /// [`UsageError::CompressionLevel`] above 9.
    pub const fn new(level: u8) -> Result<Self, UsageError> {
        if level > 9 { Err(UsageError::CompressionLevel(level)) } else { Ok(Self(level)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What this end wants of permessage-deflate. The same options serve a client and a server; what each field means for
/// either is said there.
///
/// # Memory
///
/// A connection that has neither sent nor received a compressed message holds 350 bytes for the extension. The
/// first one that it sends makes its compressor, and the first that it receives its decompressor:
///
/// | bits | compressor | decompressor |
/// |---|---|---|
/// | 15 | 371 KiB | 46 KiB |
/// | 12 | 259 KiB | 46 KiB |
/// | 9 and 8 | 245 KiB | 46 KiB |
///
/// With context takeover both live as long as the connection: 417 KiB for one that does both, 4 GiB for ten thousand.
/// Without, each is given back at the end of every message, and what counts is how many messages are in the middle of
/// being sent or received. So the two `no_context_takeover` are what bounds memory; window bits matter to peers with
/// another DEFLATE than ours, whose tables do not dwarf the window.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOptions {
    /// The server compresses each message by itself. A client asks for it, a server does it unasked.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself. A client announces it and keeps to it whatever the answer; a server
    /// demands it.
    pub client_no_context_takeover: bool,
    /// The largest window that the server may compress with. A client asks for it, and a server keeps to it unasked.
    pub server_max_window_bits: WindowBits,
    /// The largest window that the client may compress with. A client announces it and keeps to it whatever the answer;
    /// a server demands it, and declines the offer of a client that does not know the parameter.
    pub client_max_window_bits: WindowBits,
    /// How hard to try. [`Level::FAST`] by default.
    pub level: Level,
    /// Messages with a payload below this size are sent as they are. 1024 bytes by default, as in `ws`: a smaller one
    /// fits into a single packet anyway, so that compressing it would make nothing faster.
    pub threshold: usize,
}

impl DeflateOptions {
    /// Everything allowed: the best compression, the most memory.
    pub const DEFAULT: Self = Self {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        //= docs/src/rfc7692.md#section-7-3
        //# A window of at least 1,024 bytes is RECOMMENDED.
        server_max_window_bits: WindowBits::MAX,
        client_max_window_bits: WindowBits::MAX,
        level: Level::FAST,
        threshold: 1024,
    };

    /// No memory between messages: no context takeover in either direction. For servers with many connections.
    pub const FRUGAL: Self =
        Self { server_no_context_takeover: true, client_no_context_takeover: true, ..Self::DEFAULT };

    /// Sets [`server_no_context_takeover`](Self::server_no_context_takeover).
    #[must_use]
    pub const fn server_no_context_takeover(mut self, value: bool) -> Self {
        self.server_no_context_takeover = value;
        self
    }

    /// Sets [`client_no_context_takeover`](Self::client_no_context_takeover).
    #[must_use]
    pub const fn client_no_context_takeover(mut self, value: bool) -> Self {
        self.client_no_context_takeover = value;
        self
    }

    /// Sets [`server_max_window_bits`](Self::server_max_window_bits).
    #[must_use]
    pub const fn server_max_window_bits(mut self, value: WindowBits) -> Self {
        self.server_max_window_bits = value;
        self
    }

    /// Sets [`client_max_window_bits`](Self::client_max_window_bits).
    #[must_use]
    pub const fn client_max_window_bits(mut self, value: WindowBits) -> Self {
        self.client_max_window_bits = value;
        self
    }

    /// Sets [`level`](Self::level).
    #[must_use]
    pub const fn level(mut self, value: Level) -> Self {
        self.level = value;
        self
    }

    /// Sets [`threshold`](Self::threshold).
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }
}

impl Default for DeflateOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

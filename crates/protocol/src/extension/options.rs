//! The options of one endpoint for permessage-deflate.

use std::fmt;

use crate::usage_error::UsageError;

/// The size of the LZ77 window, which limits how far back a compressor may refer. The size is
/// written as the exponent of a power of two, from 8 (256 bytes) to 15 (32 KiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 256 bytes.
    pub const MIN: Self = Self(8);
    /// 32 KiB: DEFLATE's maximum, and the extension's default.
    pub const MAX: Self = Self(15);

    /// Creates a window size from a number of bits.
    ///
    /// # Errors
    /// [`UsageError::WindowBits`] for a number outside 8 to 15.
    pub const fn new(bits: u8) -> Result<Self, UsageError> {
        if bits < Self::MIN.0 || bits > Self::MAX.0 { Err(UsageError::WindowBits(bits)) } else { Ok(Self(bits)) }
    }

    /// Returns the number of bits.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns the size of the window in bytes.
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

/// The effort of a compressor, from 0 (no compression) to 9 (the smallest output).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// Level 1. On 1 KiB of JSON, it is four times as fast as zlib's default, level 6, and its
    /// output is a fifth larger.
    pub const FAST: Self = Self(1);

    /// Creates a level from a number.
    ///
    /// # Errors
    /// [`UsageError::CompressionLevel`] for a number above 9.
    pub const fn new(level: u8) -> Result<Self, UsageError> {
        if level > 9 { Err(UsageError::CompressionLevel(level)) } else { Ok(Self(level)) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The options of this endpoint for permessage-deflate. Clients and servers use the same options,
/// and each field documents its meaning for a client and for a server.
///
/// # Memory
///
/// A connection that has neither sent nor received a compressed message holds 350 bytes for the
/// extension. The first compressed message that it sends creates its compressor, and the first
/// compressed message that it receives creates its decompressor:
///
/// | bits | compressor | decompressor |
/// |---|---|---|
/// | 15 | 371 KiB | 46 KiB |
/// | 12 | 259 KiB | 46 KiB |
/// | 9 and 8 | 245 KiB | 46 KiB |
///
/// With context takeover, the compressor and the decompressor are kept between messages until the
/// connection closes: a connection with a compressor and a decompressor holds 417 KiB, and ten
/// thousand such connections hold 4 GiB. Without context takeover, they are freed at the end of
/// every message, so only the messages that are currently being sent or received need this memory.
/// Use the two `no_context_takeover` options to bound memory. A smaller window saves less memory
/// than these options do, because the tables of our DEFLATE implementation are much larger than the
/// window. A smaller window does help peers whose implementation has smaller tables.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOptions {
    /// Whether the server compresses each message independently of earlier ones. If `true`, a
    /// client requests independent compression in its offer, and a server uses it even if the
    /// client did not request it. If `false`, a server still uses independent compression when the
    /// client requests it.
    pub server_no_context_takeover: bool,
    /// Whether the client compresses each message independently of earlier ones. If `true`, a
    /// client announces independent compression in its offer and uses it whatever the server
    /// answers, and a server demands it in its response.
    pub client_no_context_takeover: bool,
    /// The maximum window size for the server's compression. A client requests this maximum in its
    /// offer. A server never exceeds it, even if the client has not requested it.
    pub server_max_window_bits: WindowBits,
    /// The maximum window size for the client's compression. A client announces this maximum in its
    /// offer, and observes it whatever the server's answer is. If it is less than 15 bits, a server
    /// demands it, and declines an offer without `client_max_window_bits`.
    pub client_max_window_bits: WindowBits,
    /// The effort of the compressor. The default is [`Level::FAST`].
    pub level: Level,
    /// The minimum payload size, in bytes, for a message to be compressed. 1024 by default, as in
    /// `ws`: a smaller message fits into a single packet anyway, so compressing it would not make
    /// it arrive sooner. The threshold does not apply to a message that is sent in fragments,
    /// because its size is not known in advance.
    pub threshold: usize,
}

impl DeflateOptions {
    /// The default options, which set no restrictions. Context takeover and the full window make
    /// messages smaller, and use the most memory.
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

    /// Options without context takeover in either direction, so that no compressor or decompressor
    /// is held between messages. Use these options for servers with many connections.
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

//! The options of one endpoint for permessage-deflate.

use std::fmt;

use crate::usage_error::UsageError;

/// The size of the LZ77 window, which is how far back a compressor may refer. It is written as a
/// power of two, from 8 (256 bytes) to 15 (32 KiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 256 bytes.
    pub const MIN: Self = Self(8);
    /// 32 KiB: the maximum of DEFLATE, and the default of the extension.
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
    /// Level 1. On JSON of 1 KiB, it is four times as fast as zlib's default of 6, for a fifth more
    /// bytes.
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
/// and each field says what it means for either.
///
/// # Memory
///
/// A connection that has neither sent nor received a compressed message holds 350 bytes for the
/// extension. The first compressed message that it sends creates its compressor, and the first that
/// it receives creates its decompressor:
///
/// | bits | compressor | decompressor |
/// |---|---|---|
/// | 15 | 371 KiB | 46 KiB |
/// | 12 | 259 KiB | 46 KiB |
/// | 9 and 8 | 245 KiB | 46 KiB |
///
/// With context takeover, both live as long as the connection: 417 KiB for a connection that needs
/// both, and 4 GiB for ten thousand of them. Without it, each is freed at the end of every message,
/// and only the messages that are being sent or received at the moment count. The two
/// `no_context_takeover` options are therefore the ones that bound memory. Window bits help peers
/// with another implementation of DEFLATE than ours, whose tables are not so much larger than the
/// window.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateOptions {
    /// Whether the server compresses each message independently of earlier ones. A client requests
    /// it. A server does it even if the client has not requested it.
    pub server_no_context_takeover: bool,
    /// Whether the client compresses each message independently of earlier ones. A client announces
    /// it, and keeps to it whatever the answer is. A server demands it.
    pub client_no_context_takeover: bool,
    /// The largest window with which the server may compress. A client requests it. A server keeps
    /// to it even if the client has not requested it.
    pub server_max_window_bits: WindowBits,
    /// The largest window with which the client may compress. A client announces it, and keeps to
    /// it whatever the answer is. A server demands it, and declines the offer of a client that does
    /// not know the parameter.
    pub client_max_window_bits: WindowBits,
    /// The effort of the compressor. [`Level::FAST`] by default.
    pub level: Level,
    /// The payload size, in bytes, below which a message is sent uncompressed. 1024 by default, as
    /// in `ws`: a smaller message fits into a single packet anyway, so compressing it would make
    /// nothing faster.
    pub threshold: usize,
}

impl DeflateOptions {
    /// The default options, which allow everything: the best compression, and the most memory.
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

    /// Options without context takeover in either direction, so that no memory is held between
    /// messages. For servers with many connections.
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

//! The configuration of a connection.

use std::time::Duration;

use crate::limits::Limits;

/// The configuration of a connection.
///
/// ```
/// use std::time::Duration;
/// use protocol::{Config, KeepAlive, Limits};
///
/// let config = Config::default()
///     .limits(Limits::default().max_message_bytes(1 << 20))
///     .keep_alive(KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The limits on what the peer sends. If the peer exceeds a limit, the connection is failed.
    pub limits: Limits,
    /// The maximum time for each of the peer's steps in closing: to answer a Close, and then to
    /// close TCP. 5 seconds by default, which is several round trips around the world.
    /// [`Duration::MAX`] sets no deadline.
    pub close_timeout: Duration,
    /// The keep-alive. With `None`, the default, no Pings are sent, because a client has no reason
    /// to end a connection that is merely idle (section 7.3). Servers should set this option.
    pub keep_alive: Option<KeepAlive>,
    /// The time in which a message that has begun to arrive must be complete. With `None`, there is
    /// no such limit. The default is [`MessageTimeout::DEFAULT`].
    pub message_timeout: Option<MessageTimeout>,
}

impl Config {
    /// The default configuration.
    pub const DEFAULT: Self = Self {
        limits: Limits::DEFAULT,
        close_timeout: Duration::from_secs(5),
        keep_alive: None,
        message_timeout: Some(MessageTimeout::DEFAULT),
    };

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`close_timeout`](Self::close_timeout).
    #[must_use]
    pub const fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets [`keep_alive`](Self::keep_alive).
    //= docs/src/rfc6455.md#section-7-3
    //# A client SHOULD NOT close the connection without good reason.
    //= docs/src/rfc6455.md#section-7-1-7
    //# A client SHOULD NOT close the connection except as described above or at the request of its
    //# application.
    //= docs/src/rfc6455.md#section-7-2-1
    //# A client SHOULD NOT close the connection in any other case, unless its application requests
    //# it.
    #[must_use]
    pub const fn keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.keep_alive = Some(keep_alive);
        self
    }

    /// Sets [`message_timeout`](Self::message_timeout).
    #[must_use]
    pub const fn message_timeout(mut self, timeout: Option<MessageTimeout>) -> Self {
        self.message_timeout = timeout;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The keep-alive of a connection: when to send a Ping, and how long to wait for an answer (section
/// 5.5.2).
///
/// TCP alone does not detect that the peer is gone until data is sent and stays unacknowledged for
/// many minutes. A regular Ping keeps proxies from closing an idle connection, and a deadline for
/// the Pong detects dead peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// The time from one Ping to the next.
    pub interval: Duration,
    /// The maximum time for the peer to answer a Ping. If nothing at all arrives in that time, the
    /// connection fails.
    pub timeout: Duration,
}

/// The time in which a message that has begun to arrive must be complete, counted from its first
/// byte: [`base`](Self::base), and [`per_kib`](Self::per_kib) for each KiB of it that has arrived.
///
/// The time stops a peer that begins a message and then sends a byte of it now and then, so that
/// the beginning has to be kept forever. Only the payload of data frames extends the time: frame
/// headers, empty fragments, and control frames between the fragments do not. For a compressed
/// message, the compressed bytes count. The time also applies to a control frame, and to the header
/// of any frame.
///
/// A peer is not blamed for the time in which this endpoint did not read. So the whole time starts
/// again if nobody noticed for more than a second that it was over.
///
/// Leave [`Config::message_timeout`] at `None` if your peers keep one message open for a long time,
/// for example to send its fragments while a person speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTimeout {
    /// The time for any message. 60 seconds by default, as long as nginx waits for the next part of
    /// a request's body (`client_body_timeout`): a telephone that changes networks is silent for
    /// some of these seconds.
    pub base: Duration,
    /// The additional time for each KiB (1,024 bytes) that has arrived. 1 second by default: even
    /// GPRS, the slowest mobile network, is several times faster than 1 KiB per second. Apache
    /// requires about half that rate of a request's body (`MinRate=500`). With [`Duration::ZERO`],
    /// `base` is the time for the whole message.
    pub per_kib: Duration,
}

impl MessageTimeout {
    /// The default: 60 seconds, and 1 second for each KiB.
    pub const DEFAULT: Self = Self { base: Duration::from_secs(60), per_kib: Duration::from_secs(1) };

    /// Returns the time for a message of which this many bytes have arrived.
    pub(crate) fn after(&self, arrived: usize) -> Duration {
        let kib = u32::try_from(arrived / 1024).unwrap_or(u32::MAX);
        self.base.saturating_add(self.per_kib.saturating_mul(kib))
    }
}

impl Default for MessageTimeout {
    fn default() -> Self {
        Self::DEFAULT
    }
}

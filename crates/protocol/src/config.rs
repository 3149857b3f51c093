//! The configuration of a connection.

use std::time::Duration;

use crate::{limits::Limits, message_timeout::MessageTimeout};

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
    /// The limits on what the peer sends. If the peer exceeds a limit, this endpoint fails the
    /// connection.
    pub limits: Limits,
    /// The time limit for each of the peer's steps in closing: answering a Close, and then closing
    /// the TCP connection. The default is 5 seconds, which is several round trips around the world.
    /// With [`Duration::MAX`], there is no deadline.
    pub close_timeout: Duration,
    /// The keep-alive. With `None`, this endpoint never sends a Ping unless the application asks
    /// for one. `None` is the default, because a client has no reason to end a connection that is
    /// merely idle (section 7.3). Servers should set this option.
    pub keep_alive: Option<KeepAlive>,
    /// The time within which a message must be complete once it has begun to arrive. With `None`,
    /// there is no such limit. The default is [`MessageTimeout::DEFAULT`].
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
/// TCP alone notices that a peer is gone only after sent data has stayed unacknowledged for many
/// minutes. A regular Ping keeps proxies from closing an idle connection, and a deadline for the
/// Pong detects dead peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// The time from one Ping to the next.
    pub interval: Duration,
    /// The maximum time for the peer to answer a Ping. The connection fails if nothing at all
    /// arrives in that time. However, if a transport that was full accepts more bytes in the
    /// meantime, the time starts again. A connection that fails in this way is dropped at once,
    /// without waiting for an answer to the Close.
    ///
    /// A dead peer is noticed no later than [`interval`](Self::interval) plus `timeout` after its
    /// last sign of life, or twice `timeout` if that is longer. A sign of life is a byte that
    /// arrives, or one that a full transport accepts.
    ///
    /// Choose a time in which even your slowest peer can read everything that the two kernels hold,
    /// because the peer must read all of those bytes before it reaches the Ping:
    ///
    /// ```text
    ///   timeout  >  (send buffer + receive buffer) / slowest rate  +  round trip
    /// ```
    ///
    /// Linux lets these buffers grow to 4 MiB and 6 MiB by default. A peer that reads 1 MiB per
    /// second may then need 10 seconds to reach the Ping, and one that reads 512 KiB per second may
    /// need 20 seconds. You can shorten these times only with smaller buffers, because no portable
    /// call reports how much of a kernel's buffer the peer has read. If you never send much at a
    /// time, only the round trip matters.
    pub timeout: Duration,
}

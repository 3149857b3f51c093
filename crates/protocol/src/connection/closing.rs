//! How a connection ends: what has happened, and what follows from it (sections 1.4, 5.5.1 and 7).
//!
//! Rule one of this file: only facts are stored, and each is set once. The RFC's states, the codes 1005 and 1006 and
//! the next thing to do with TCP are computed from them. A stored state can contradict the facts; a computed one can't.
//!
//! Rule two: nothing here knows about bytes, frames or time.
//!
//! ```text
//!               a Close sent, a Close received, or a rule broken
//!        OPEN ─────────────────────────────────────────────────────▶ CLOSING
//!          │                                                            │
//!          │  TCP ended without a Close (1006)                          │  TCP ended
//!          └──────────────────────────▶ CLOSED ◀────────────────────────┘
//!
//!   facts                                   server does with TCP        client does with TCP
//!   Close sent, Close received              half-close at once          wait for the server to close
//!   failed (the peer broke a rule)          half-close at once          half-close at once
//!   end of the peer's stream                disconnect                  disconnect
//!   deadline passed                         disconnect                  disconnect
//! ```
//!
//! The server closes TCP first so that the kernel's `TIME_WAIT`, which blocks the address pair for a minute or two,
//! waits at the end that can spare it: a server's port is its well-known one anyway, while a client that wants to
//! connect again right away would have to pick another (7.1.1). *Half-close* means: nothing more will be sent, but what
//! comes is still read (and thrown away). Closing both directions while the peer's bytes are on their way would make
//! the kernel answer with a reset, and a reset can overtake the Close frame and destroy it.

use std::fmt;

use crate::{
    Role,
    close::{CloseCode, CloseFrame},
    violation::Violation,
};

/// The four states of a connection as the RFC names them (sections 4.1, 4.2.2, 7.1.3 and 7.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The opening handshake is under way. Never the state of a [`Connection`](crate::Connection): before the
    /// handshake there is none.
    Connecting,
    /// Data may flow.
    Open,
    /// A Close frame was sent or received.
    Closing,
    /// TCP has ended.
    Closed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "CONNECTING",
            Self::Open => "OPEN",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        })
    }
}

/// One of the two ends of a connection, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// This end.
    Local,
    /// The other end.
    Remote,
}

/// What is to be done with TCP once everything before it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TcpStep {
    HalfClose,
    Disconnect,
}

/// What has happened so far on the way to the end. Private to the connection: see [`CloseInfo`] for what it shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Closing {
    /// The Close that was sent; `Some(None)` is one with an empty body. Boxed like the two below, because an idle
    /// connection should be small and has none of them.
    pub(super) sent: Option<Option<Box<CloseFrame>>>,
    /// Something that was queued, the Close perhaps, had to be dropped.
    pub(super) output_discarded: bool,
    /// The first Close that was received.
    pub(super) received: Option<Option<Box<CloseFrame>>>,
    /// Who sent the first Close.
    pub(super) initiator: Option<Endpoint>,
    /// The rule that the peer broke: the connection was failed (7.1.7).
    pub(super) failed: Option<Box<Violation>>,
    /// The peer has ended its direction of TCP, and all that came before was handled.
    pub(super) eof_reached: bool,
    /// This end has ended its direction of TCP.
    pub(super) half_closed: bool,
    /// Writing failed: nothing can be sent any more.
    pub(super) write_failed: bool,
    /// The deadline for the peer to answer a Close, or to close TCP, has passed.
    pub(super) timed_out: bool,
    /// TCP is gone in both directions.
    pub(super) disconnected: bool,
}

impl Closing {
    pub(super) fn state(&self) -> State {
        //= docs/src/rfc6455.md#section-7-1-4
        //# When the TCP connection is closed, the WebSocket connection is CLOSED.
        if self.disconnected {
            State::Closed
        //= docs/src/rfc6455.md#section-7-1-3
        //# From the moment an endpoint sends or receives a Close, the closing handshake has begun and the connection is
        //# CLOSING.
        // So is one that failed: it has sent one too.
        } else if self.sent.is_some() || self.received.is_some() {
            State::Closing
        } else {
            State::Open
        }
    }

    /// After a violation, and after the peer's Close, nothing that the peer sends counts (sections 7.1.7 and 1.4).
    /// After our own Close it still does.
    #[inline]
    pub(super) fn ignores_input(&self) -> bool {
        self.failed.is_some() || self.received.is_some() || self.disconnected
    }

    pub(super) fn close_sent(&mut self, body: Option<CloseFrame>) {
        self.initiator.get_or_insert(Endpoint::Local);
        self.sent.get_or_insert(body.map(Box::new));
    }

    pub(super) fn close_received(&mut self, body: Option<CloseFrame>) {
        self.initiator.get_or_insert(Endpoint::Remote);
        self.received.get_or_insert(body.map(Box::new));
    }

    /// The next thing to do with TCP, when nothing is left to send before it.
    pub(super) fn tcp_step(&self, role: Role) -> Option<TcpStep> {
        if self.disconnected {
            return None;
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# Once both have sent a Close, the client MAY close the TCP connection at any time, for example when the
        //# server takes too long to.
        //= docs/src/rfc6455.md#section-7-1-1
        //# A client MAY be the first in other cases, for example when the server does not close TCP within a reasonable
        //# time.
        if self.eof_reached || self.timed_out {
            return Some(TcpStep::Disconnect);
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint that has both sent and received a Close MUST close the TCP connection.
        //= docs/src/rfc6455.md#section-7-1-2
        //# Once it has both sent and received a Close, an endpoint SHOULD close the connection as section 7.1.1 says.
        let done = self.sent.is_some() && self.received.is_some();
        let closes_first = match role {
            //= docs/src/rfc6455.md#section-5-5-1
            //# Once both have sent a Close, the server MUST close the TCP connection at once.
            //= docs/src/rfc6455.md#section-7-1-1
            //# In most normal cases the server SHOULD be the first to close TCP.
            //= docs/src/rfc6455.md#section-7-1-1
            //# A server that is told to close the connection SHOULD close TCP at once.
            Role::Server => done,
            //= docs/src/rfc6455.md#section-5-5-1
            //# Once both have sent a Close, the client SHOULD wait until the server closes TCP.
            //= docs/src/rfc6455.md#section-7-1-1
            //# A client that is told to close the connection SHOULD wait until the server closes TCP.
            Role::Client => false,
        };
        //= docs/src/rfc6455.md#section-7-1-7
        //# A client that fails the connection MUST close it.
        //= docs/src/rfc6455.md#section-7-1-7
        //# A server that fails the connection MUST close it.
        let closes = closes_first || self.failed.is_some();
        (closes && !self.half_closed && !self.write_failed).then_some(TcpStep::HalfClose)
    }

    pub(super) fn close_info(&self) -> CloseInfo {
        let (code, reason) = match &self.received {
            //= docs/src/rfc6455.md#section-7-1-5
            //# The close code of a connection is the code in the first Close that it received.
            //
            // Whatever this end may have sent.
            Some(Some(frame)) => (frame.code, frame.reason.clone()),
            Some(None) => (CloseCode::NO_STATUS_RECEIVED, String::new()),
            None => (CloseCode::ABNORMAL_CLOSURE, String::new()),
        };
        CloseInfo {
            code,
            reason,
            was_clean: self.sent.is_some()
                && self.received.is_some()
                && self.failed.is_none()
                && !self.output_discarded,
            initiator: self.initiator,
            sent: self.sent.as_ref().and_then(Option::as_deref).cloned(),
            violation: self.failed.as_deref().cloned(),
            timed_out: self.timed_out,
        }
    }
}

/// How a connection ended, as an application is told (sections 7.1.4 to 7.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseInfo {
    /// The code of the Close frame that the peer sent; [1005](CloseCode::NO_STATUS_RECEIVED) if it had none and
    /// [1006](CloseCode::ABNORMAL_CLOSURE) if there was no such frame. Neither of the two ever travels.
    pub code: CloseCode,
    /// The reason in the peer's Close frame, often empty. Written for developers, and under the peer's control.
    pub reason: String,
    /// Whether each end got the other's Close, as far as this end can know.
    pub was_clean: bool,
    /// Who sent the first Close; `None` if there was none.
    pub initiator: Option<Endpoint>,
    /// The body of the Close that this end sent, if it sent one that had a body.
    pub sent: Option<CloseFrame>,
    /// The rule that the peer broke, if that was the reason.
    pub violation: Option<Violation>,
    /// The peer did not answer the Close, or did not close TCP, in time.
    pub timed_out: bool,
}

/// One sentence, such as `1000 (normal closure), closed by the peer`.
impl fmt::Display for CloseInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            // As Rust writes a string: between quotation marks an apostrophe needs no backslash.
            write!(f, " {:?}", self.reason)?;
        }
        if let Some(violation) = &self.violation {
            write!(f, ", failed by this end: {violation}")
        } else {
            match (self.initiator, self.code) {
                (Some(Endpoint::Local), CloseCode::ABNORMAL_CLOSURE) => {
                    f.write_str(", the peer never answered the Close")
                }
                (Some(Endpoint::Local), _) => f.write_str(", closed by this end"),
                (Some(Endpoint::Remote), _) => f.write_str(", closed by the peer"),
                (None, _) => f.write_str(", the connection ended without a Close frame"),
            }
        }
    }
}

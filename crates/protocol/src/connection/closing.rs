//! The end of a connection: the facts about it, and the conclusions drawn from them (sections 1.4,
//! 5.5.1 and 7).
//!
//! This module stores only facts. A fact is never revoked, and every assignment to a fact is in
//! this file, under *Transitions* below. The RFC's states, the codes 1005 and 1006, and the next
//! step in closing the TCP connection are computed from the facts. A stored state could contradict
//! the facts; a computed state cannot.
//!
//! This module does not handle bytes, frames or time.
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
//!   abandoned (no memory for the input)     half-close at once          half-close at once
//!   end of the peer's stream                disconnect                  disconnect
//!   deadline passed                         disconnect                  disconnect
//!   write failed, and input is ignored      disconnect                  disconnect
//! ```
//!
//! The server closes the TCP connection first, so that the kernel's `TIME_WAIT` state is on the
//! server. `TIME_WAIT` blocks a pair of addresses and ports for a minute or two. This does not
//! affect a server, which keeps listening on the same port. A client in `TIME_WAIT` that reconnects
//! at once, however, would need another port (section 7.1.1).
//!
//! *Half-close* means that this endpoint sends nothing more, but keeps reading and discards the
//! bytes that it reads. Closing both directions while bytes from the peer are in transit would make
//! the kernel answer with a reset, and a reset can make the peer lose a Close frame that it has not
//! read yet.

use std::fmt;

use crate::{
    close::{CloseCode, CloseFrame},
    role::Role,
    violation::Violation,
};

/// The four states of a connection as the RFC names them (sections 4.1, 4.2.2, 7.1.3 and 7.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The opening handshake has not finished. This is never the state of a
    /// [`Connection`](crate::Connection), because a `Connection` is created only after the
    /// handshake has succeeded.
    Connecting,
    /// Both endpoints may send messages.
    Open,
    /// A Close frame was sent or received.
    Closing,
    /// The TCP connection has ended.
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

/// One of the two endpoints of a connection, as seen from this endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// This endpoint.
    Local,
    /// The peer.
    Remote,
}

/// The next step in closing the TCP connection, to be taken once the send queue is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TcpStep {
    /// End our direction of the TCP connection, and keep reading.
    HalfClose,
    /// Drop both directions of the TCP connection.
    Disconnect,
}

/// Whether the peer can still send, as far as this endpoint has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum PeerStream {
    /// More bytes may arrive.
    #[default]
    Open,
    /// A read returned 0 bytes. The input may still hold bytes that arrived earlier.
    EofRead,
    /// No further frame can be decoded from the bytes before the end.
    EofReached,
}

/// The facts that are recorded while a connection ends. [`CloseInfo`] is their public summary.
#[derive(Debug, Clone, Default)]
pub(super) struct Closing {
    /// The Close that was queued; `Some(None)` if its body is empty. Boxed, like `received` and
    /// `violation`, because an idle connection has none of these and should take little memory.
    sent: Option<Option<Box<CloseFrame>>>,
    /// The first Close that was received; `Some(None)` if its body is empty.
    received: Option<Option<Box<CloseFrame>>>,
    /// The endpoint whose Close came first, as seen from this endpoint. If two Close frames cross,
    /// each endpoint sees its own first.
    initiator: Option<Endpoint>,
    /// The rule that the peer broke, if that is why the connection failed (section 7.1.7).
    violation: Option<Box<Violation>>,
    /// Whether this endpoint has stopped processing input although the peer broke no rule.
    abandoned: bool,
    peer_stream: PeerStream,
    /// Whether a queued frame was discarded unsent.
    output_discarded: bool,
    /// Whether our Close was among the discarded frames.
    close_discarded: bool,
    /// Whether the driver was told to end our direction of the TCP connection.
    half_closed: bool,
    /// Whether a write failed. If so, nothing more can be sent.
    write_failed: bool,
    /// Whether the peer missed the deadline for answering a Close or for closing the TCP
    /// connection.
    timed_out: bool,
    /// Whether the driver was told to drop the TCP connection.
    disconnected: bool,
}

/// Transitions. Only these methods assign to the facts.
impl Closing {
    /// Records that our Close was queued. The endpoint whose Close is recorded first is the
    /// initiator.
    pub(super) fn on_close_sent(&mut self, body: Option<CloseFrame>) {
        self.initiator.get_or_insert(Endpoint::Local);
        self.sent.get_or_insert(body.map(Box::new));
    }

    /// Records that a valid Close arrived.
    pub(super) fn on_close_received(&mut self, body: Option<CloseFrame>) {
        self.initiator.get_or_insert(Endpoint::Remote);
        self.received.get_or_insert(body.map(Box::new));
    }

    /// Records the rule that the peer broke.
    pub(super) fn on_violation(&mut self, violation: Violation) {
        self.violation.get_or_insert(Box::new(violation));
    }

    /// Records that this endpoint has stopped processing input although the peer broke no rule.
    pub(super) fn on_abandoned(&mut self) {
        self.abandoned = true;
    }

    /// Records that a read returned 0 bytes. A second call changes nothing.
    pub(super) fn on_eof_read(&mut self) {
        if self.peer_stream == PeerStream::Open {
            self.peer_stream = PeerStream::EofRead;
        }
    }

    /// Records that no further frame can be decoded without more bytes. Returns `true` only once:
    /// on the first call after the end of the peer's stream has been read. From then on, it is
    /// certain that those bytes will never arrive.
    pub(super) fn on_more_input_needed(&mut self) -> bool {
        let reached = self.peer_stream == PeerStream::EofRead;
        if reached {
            self.peer_stream = PeerStream::EofReached;
        }
        reached
    }

    /// Records that a write failed. This end can send nothing more, but bytes that the peer has
    /// sent can still be read.
    pub(super) fn on_write_error(&mut self) {
        self.write_failed = true;
    }

    /// Records that a read failed. The transport is lost in both directions.
    pub(super) fn on_read_error(&mut self) {
        //= docs/src/rfc6455.md#section-7-2-1
        //# If the transport connection is lost unexpectedly, the client MUST fail the connection.
        self.on_eof_read();
        self.write_failed = true;
    }

    /// Records that a non-empty send queue was discarded. `with_close` is `true` if our Close was
    /// in the queue.
    pub(super) fn on_output_discarded(&mut self, with_close: bool) {
        self.output_discarded = true;
        self.close_discarded |= with_close;
    }

    /// Records that the peer has missed the deadline for its part in closing.
    pub(super) fn on_timeout(&mut self) {
        self.timed_out = true;
    }

    /// Records that the driver has been told to take this step.
    pub(super) fn on_tcp_step(&mut self, step: TcpStep) {
        match step {
            TcpStep::HalfClose => self.half_closed = true,
            TcpStep::Disconnect => self.disconnected = true,
        }
    }
}

/// Conclusions. These methods only read the facts.
impl Closing {
    /// Returns the state as the RFC names it.
    pub(super) fn state(&self) -> State {
        //= docs/src/rfc6455.md#section-7-1-4
        //# When the TCP connection is closed, the WebSocket connection is CLOSED.
        if self.disconnected {
            State::Closed
        // A failed connection is CLOSING too, because a Close was queued when it failed.
        //= docs/src/rfc6455.md#section-7-1-3
        //# As soon as an endpoint sends or receives a Close frame, the closing handshake has
        //# started and the connection is CLOSING.
        } else if self.sent.is_some() || self.received.is_some() {
            State::Closing
        } else {
            State::Open
        }
    }

    /// Returns `true` if input is ignored. This is the case after a violation, after the peer's
    /// Close (sections 7.1.7 and 1.4), once this endpoint has abandoned the connection, and once
    /// the connection has ended. After our own Close, input is still processed.
    #[inline]
    pub(super) fn ignores_input(&self) -> bool {
        self.violation.is_some() || self.received.is_some() || self.abandoned || self.disconnected
    }

    /// Returns whether a Close was sent.
    pub(super) const fn is_close_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Returns `true` if the end of the peer's stream has been read but some of the bytes before it
    /// have not yet been processed.
    pub(super) fn is_eof_pending(&self) -> bool {
        self.peer_stream == PeerStream::EofRead
    }

    /// Returns whether a write has failed.
    pub(super) const fn has_write_failed(&self) -> bool {
        self.write_failed
    }

    /// Returns `true` if the peer has missed the deadline for closing.
    pub(super) const fn has_timed_out(&self) -> bool {
        self.timed_out
    }

    /// Returns `true` if anything in the send queue has been discarded unsent.
    pub(super) const fn has_discarded_output(&self) -> bool {
        self.output_discarded
    }

    /// Returns the next step in closing the TCP connection, to be taken once the send queue is
    /// empty.
    pub(super) fn tcp_step(&self, role: Role) -> Option<TcpStep> {
        // If the TCP connection has ended, no step is left.
        if self.disconnected {
            return None;
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# Once both sides have sent a Close frame, the client MAY close the TCP connection at any
        //# time, for example when the server takes too long to do so.
        //= docs/src/rfc6455.md#section-7-1-1
        //# In abnormal cases, for example when the server does not close the TCP connection within
        //# a reasonable time, a client MAY be the first to close it.
        if self.peer_stream == PeerStream::EofReached || self.timed_out {
            return Some(TcpStep::Disconnect);
        }
        // After a failed write, nothing more can be sent. If input is ignored too, there is nothing
        // left to wait for.
        if self.write_failed && self.ignores_input() {
            return Some(TcpStep::Disconnect);
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint that has both sent and received a Close frame MUST close the TCP connection.
        //= docs/src/rfc6455.md#section-7-1-2
        //# Once it has both sent and received a Close frame, an endpoint SHOULD close the
        //# connection as described in section 7.1.1.
        let done = self.sent.is_some() && self.received.is_some();
        // After both Close frames, the server closes the TCP connection first (see the table at the
        // top of this file).
        let closes_first = match role {
            //= docs/src/rfc6455.md#section-5-5-1
            //# Once both sides have sent a Close frame, the server MUST close the TCP connection
            //# immediately.
            //= docs/src/rfc6455.md#section-7-1-1
            //# In most normal cases, the server SHOULD be the first to close the TCP connection.
            //= docs/src/rfc6455.md#section-7-1-1
            //# When a server has to close the WebSocket connection, it SHOULD close the TCP
            //# connection immediately.
            Role::Server => done,
            //= docs/src/rfc6455.md#section-5-5-1
            //# Once both sides have sent a Close frame, the client SHOULD wait until the server
            //# closes the TCP connection.
            //= docs/src/rfc6455.md#section-7-1-1
            //# When a client has to close the WebSocket connection, it SHOULD wait until the server
            //# closes the TCP connection.
            Role::Client => false,
        };
        //= docs/src/rfc6455.md#section-7-1-7
        //# A client that fails the connection MUST close it.
        //= docs/src/rfc6455.md#section-7-1-7
        //# A server that fails the connection MUST close it.
        let closes = closes_first || self.violation.is_some() || self.abandoned;
        // Half-close only once. After a failed write, do not half-close at all, because this
        // endpoint cannot send anything more anyway.
        (closes && !self.half_closed && !self.write_failed).then_some(TcpStep::HalfClose)
    }

    /// Returns a summary of the facts for the application.
    pub(super) fn close_info(&self) -> CloseInfo {
        let (code, reason) = match &self.received {
            // Only the peer's Close counts. The code that this endpoint sent does not matter.
            //= docs/src/rfc6455.md#section-7-1-5
            //# The close code of a connection is the code in the first Close frame that the
            //# endpoint received.
            Some(Some(frame)) => (frame.code(), frame.reason().to_owned()),
            Some(None) => (CloseCode::NO_STATUS_RECEIVED, String::new()),
            None => (CloseCode::ABNORMAL_CLOSURE, String::new()),
        };
        CloseInfo {
            code,
            reason,
            // Of the discarded output, only our Close matters. Losing a Pong that was queued after
            // it does no harm, because a peer that has sent its Close no longer needs a sign of
            // life.
            was_clean: self.sent.is_some()
                && self.received.is_some()
                && self.violation.is_none()
                && !self.close_discarded,
            initiator: self.initiator,
            sent: self.sent.as_ref().and_then(Option::as_deref).cloned(),
            violation: self.violation.as_deref().cloned(),
            timed_out: self.timed_out,
        }
    }
}

/// A summary of the end of a connection (sections 7.1.4 to 7.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseInfo {
    /// The code of the Close frame that the peer sent; [1005](CloseCode::NO_STATUS_RECEIVED) if
    /// that frame had no code, and [1006](CloseCode::ABNORMAL_CLOSURE) if no Close frame arrived.
    /// The codes 1005 and 1006 are never sent.
    pub code: CloseCode,
    /// The reason in the peer's Close frame, often empty. The peer chooses this text, which is
    /// meant for developers.
    pub reason: String,
    /// Whether each endpoint received the other's Close, as far as this endpoint can tell.
    pub was_clean: bool,
    /// The endpoint whose Close came first, as seen from this endpoint; `None` if there was no
    /// Close. If two Close frames cross, each endpoint sees its own first.
    pub initiator: Option<Endpoint>,
    /// The body of the Close that this endpoint sent; `None` if it sent no Close, or a Close
    /// without a body.
    pub sent: Option<CloseFrame>,
    /// The rule that the peer broke, if that is why the connection failed.
    pub violation: Option<Violation>,
    /// Whether the peer missed the deadline for answering the Close or for closing the TCP
    /// connection. If the peer only failed to close the TCP connection, the closing handshake was
    /// complete, so `was_clean` can still be `true`.
    pub timed_out: bool,
}

/// Prints a one-line summary, such as `1000 (normal closure), closed by the peer`.
impl fmt::Display for CloseInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            // The peer chose the reason, so it may contain control characters, which must not reach
            // a terminal or a log unescaped. `{:?}` escapes them, and leaves an apostrophe
            // unchanged.
            write!(f, " {:?}", self.reason)?;
        }
        if let Some(violation) = &self.violation {
            return write!(f, ", failed by this end: {violation}");
        }
        f.write_str(match (self.initiator, self.code) {
            (Some(Endpoint::Local), CloseCode::ABNORMAL_CLOSURE) => ", the peer never answered the Close",
            (Some(Endpoint::Local), _) => ", closed by this end",
            (Some(Endpoint::Remote), _) => ", closed by the peer",
            (None, _) => ", the connection ended without a Close frame",
        })
    }
}

#[cfg(test)]
mod tests;

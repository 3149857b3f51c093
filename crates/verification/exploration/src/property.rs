//! The properties that hold in every interleaving.

use std::fmt;

/// A property that every interleaving must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// An endpoint sends at most one Close, and never answers a Close twice.
    OneClose,
    /// After its Close, an endpoint sends only answers to Pings. After the end of its stream, it
    /// sends nothing at all.
    NothingAfterClose,
    /// Every frame on the wire is one that the application sent or that the protocol requires.
    OnlyExpectedFrames,
    /// The engine hands out each message at most once, whole and in order. It hands out a Close
    /// only after all the messages before it.
    MessagesInOrder,
    /// Events that arrived before the end of the stream are handed out before the connection is
    /// over.
    InputBeforeEnd,
    /// No event is handed out after a broken rule or the peer's Close, or after the endpoint has
    /// abandoned the connection.
    InputIgnored,
    /// When an event that needs an answer is handed out, the answer is already in the queue.
    AnsweredIsQueued,
    /// Queued frames are written, or reported as discarded.
    QueuedIsWritten,
    /// An endpoint reports a broken rule only if its peer has in fact broken a rule.
    NoFalseAccusation,
    /// The engines' reports about how the connection ended agree with the wire and with each other.
    AccountsAgree,
    /// An endpoint ends the TCP connection only when it is its turn, and ends its own direction
    /// only once.
    ServerEndsTcpFirst,
    /// After at most two calls of `handle_timeout`, the next deadline is in the future.
    DeadlineInTheFuture,
    /// An endpoint whose connection is over has no deadline and nothing to send.
    NothingAfterTheEnd,
    /// The peer has the whole close time-out for its next step, counted from the moment when this
    /// endpoint receives the peer's Close, reports a broken rule (other than an unanswered Ping),
    /// or abandons the connection.
    WholeTimeout,
    /// A connection that has begun to close ends within its deadlines, whatever the peer does.
    EndsInTime,
    /// A closing handshake over a working wire ends without waiting for a deadline.
    EndsWithoutDeadline,
}

impl Property {
    /// Returns `true` if the property requires something to happen eventually, so that only an
    /// ending can break it.
    #[must_use]
    pub const fn needs_an_ending(self) -> bool {
        matches!(self, Self::EndsInTime | Self::EndsWithoutDeadline)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneClose => "an endpoint sends one Close",
            Self::NothingAfterClose => "nothing but a Pong follows a Close, and nothing follows the end of a stream",
            Self::OnlyExpectedFrames => "every frame was sent by the application or is required by the protocol",
            Self::MessagesInOrder => "each message is handed out at most once, whole, in order, and before the Close",
            Self::InputBeforeEnd => "events that arrived before the end of the stream are handed out before the end",
            Self::InputIgnored => {
                "no event is handed out after a broken rule, the peer's Close, or abandoning the connection"
            }
            Self::AnsweredIsQueued => "an answer is queued before its event is handed out",
            Self::QueuedIsWritten => "queued frames are written, or reported as discarded",
            Self::NoFalseAccusation => "a broken rule is reported only if the peer broke one",
            Self::AccountsAgree => "the accounts of the end agree with the wire and with each other",
            Self::ServerEndsTcpFirst => "an endpoint ends the TCP connection only when it is its turn",
            Self::DeadlineInTheFuture => "a deadline that has been handled is not reported again",
            Self::NothingAfterTheEnd => "an endpoint whose connection is over has no deadline and nothing to send",
            Self::WholeTimeout => "the peer has the whole time-out for its next step in closing",
            Self::EndsInTime => "a connection that has begun to close ends within its deadlines",
            Self::EndsWithoutDeadline => "a closing handshake over a working wire waits for no deadline",
        })
    }
}

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The property.
    pub property: Property,
    /// The observation that contradicts it.
    pub found: String,
}

impl Broken {
    /// Returns an error that contains this property, unless `holds` is `true`.
    ///
    /// # Errors
    /// Fails if `holds` is false.
    pub fn unless(holds: bool, property: Property, found: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self { property, found: found() }) }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.found)
    }
}

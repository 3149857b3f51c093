//! The steps that make up an interleaving.

use std::fmt;

use protocol::Role;
use testkit::frames::frames_from;

/// One step of one side, of its driver, or of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A cause: something external happens to this side. The bound limits the number of causes.
    Cause(Role, Cause),
    /// The driver of this side does what `poll_transmit` asks for next.
    Transmit(Role, Amount),
    /// The driver of this side writes, and the write fails.
    FailWrite(Role),
    /// This side reads bytes that are in flight.
    Read(Role, Amount),
    /// This side reads the end of the stream.
    ReadEnd(Role),
    /// The driver of this side polls for one event.
    Poll(Role),
    /// The driver of this side calls `handle_timeout`, because its deadline has passed.
    Wake(Role),
}

/// Something external that happens to one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The application sends a text message in one frame.
    SendText,
    /// The application sends the first half of a text message, or the second half if it has sent
    /// the first.
    SendFragment,
    /// The application sends a Ping.
    SendPing,
    /// The application begins to close.
    Close,
    /// The driver abandons the connection, because it has no memory for what the peer sends.
    Abandon,
    /// Bytes that the engine would never send are put on the wire after those that it has written.
    Break(Fault),
    /// The stream that this side reads ends here: the bytes in flight are lost, and so is
    /// everything that the peer writes from now on.
    LoseRead,
    /// A read fails: the transport is lost in both directions.
    Reset,
    /// Everything that this side writes from now on is lost, and so is the end of its stream. A
    /// write may fail, or appear to succeed.
    LoseWrite,
    /// The clock of this side reaches the next deadline.
    ReachDeadline,
}

/// A rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A frame with a reserved bit set, so that its first byte is already invalid.
    ReservedBit,
    /// A text message that is not UTF-8, so that only its payload is invalid.
    NotUtf8,
    /// A Close whose payload is half of a close code. An engine finds it invalid only when the
    /// frame is complete.
    HalfCode,
    /// A Close, followed by a text message.
    AfterClose,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 4] = [Self::ReservedBit, Self::NotUtf8, Self::HalfCode, Self::AfterClose];

    /// Returns the bytes that `sender` sends to break the rule.
    #[must_use]
    pub fn bytes(self, sender: Role) -> Vec<u8> {
        frames_from(
            sender,
            match self {
                Self::ReservedBit => &["c1 01 78"],
                Self::NotUtf8 => &["81 01 ff"],
                Self::HalfCode => &["88 01 03"],
                Self::AfterClose => &["88 02 0fa0", "81 01 78"],
            },
        )
    }
}

/// The number of bytes that are written or read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// All bytes.
    All,
    /// The bytes up to the next place where the wire may cut them.
    ToNextCut,
    /// No bytes, because the peer does not read. Only writes use this amount.
    Nothing,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendText => "sends a text message",
            Self::SendFragment => "sends half a text message",
            Self::SendPing => "sends a Ping",
            Self::Close => "begins to close",
            Self::Abandon => "abandons the connection",
            Self::Break(Fault::ReservedBit) => "breaks a rule: a reserved bit",
            Self::Break(Fault::NotUtf8) => "breaks a rule: text that is not UTF-8",
            Self::Break(Fault::HalfCode) => "breaks a rule: a Close with half a code",
            Self::Break(Fault::AfterClose) => "breaks a rule: frames after its Close",
            Self::LoseRead => "loses what is on its way to it; its stream ends",
            Self::Reset => "loses the transport: a read fails",
            Self::LoseWrite => "is cut off: nothing that it writes arrives any more",
            Self::ReachDeadline => "reaches its deadline",
        })
    }
}

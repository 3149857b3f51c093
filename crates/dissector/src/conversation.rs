//! Conversations: the two directions of a connection, dissected together.

use std::time::SystemTime;

use protocol::handshake::Extension;

use crate::{
    context::ConnectionContext,
    record::{Direction, Record},
    stream::Stream,
};
pub use crate::{options::Options, passed::Passed};

/// An observed connection.
///
/// For each direction, a conversation keeps either one head, or the beginning of one payload and
/// the beginning of one message. Whatever the peers send, these bytes add up to at most a few times
/// the limits in [`Options`]. If messages are compressed, each direction needs another 46 KiB for
/// the window to which later messages may refer. A compressed message is inflated piece by piece,
/// up to [`Limits::max_message_bytes`](protocol::Limits::max_message_bytes).
#[derive(Debug)]
pub struct Conversation {
    to_server: Stream,
    to_client: Stream,
    context: ConnectionContext,
}

impl Conversation {
    /// Creates a conversation for a new connection, which begins with an HTTP request.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            to_server: Stream::new(Direction::ToServer),
            to_client: Stream::new(Direction::ToClient),
            context: ConnectionContext::new(options),
        }
    }

    /// Creates a conversation for a connection whose handshake was not observed. The first bytes in
    /// both directions must be frames, and no extensions are assumed.
    #[must_use]
    pub fn after_handshake(options: Options) -> Self {
        let mut conversation = Self::new(options);
        conversation.to_server.switch_to_frames();
        conversation.to_client.switch_to_frames();
        conversation
    }

    /// Dissects the next bytes of one direction, and passes the record of each completed unit to
    /// `sink`.
    ///
    /// Some of the records may belong to the other direction: bytes that the client sends before
    /// the response are dissected only when the response arrives. `time` is the time at which the
    /// bytes arrived. It is copied into the records and has no other effect.
    pub fn push(&mut self, direction: Direction, bytes: &[u8], time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let Self { to_server, to_client, context } = self;
        match direction {
            Direction::ToServer => to_server.push(bytes, time, context, sink),
            Direction::ToClient => {
                // The client's waiting bytes can be dissected only after the response, which may be
                // in `bytes`. So let the client's stream continue after each unit of the server's
                // stream. Otherwise, the order of the records would depend on how the bytes are
                // split between calls.
                let mut rest = bytes;
                while !rest.is_empty() {
                    rest = to_client.push_unit(rest, time, context, sink);
                    to_server.resume(context, sink);
                }
            }
        }
    }

    /// Takes the next bytes of one direction as [`push`](Self::push) does, but counts the completed
    /// frames instead of dissecting them. Returns the counts.
    ///
    /// Use this method for frames that arrive faster than a person can read them. Counting a frame
    /// costs a fraction of what dissecting it would cost, but still finds where the next frame
    /// begins. Compressed messages are still inflated, because a later message may refer to them.
    ///
    /// Heads, bodies and the first Close frame of each direction are still dissected and passed to
    /// `sink`. The Close frames are included because the reason why a connection ended is usually
    /// what matters most.
    pub fn pass(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        time: Option<SystemTime>,
        sink: &mut dyn FnMut(Record),
    ) -> Passed {
        self.context.passed = Some(Passed::default());
        self.push(direction, bytes, time, sink);
        self.context.passed.take().unwrap_or_default()
    }

    /// Ends one direction: no more bytes will arrive in it. Passes the record of an incomplete unit
    /// to `sink`, with the bytes that have arrived.
    pub fn end(&mut self, direction: Direction, time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let stream = match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        stream.end(time, &mut self.context, sink);
    }

    /// Returns the record of the incomplete unit in this direction, with the bytes that have
    /// arrived so far. Returns `None` between two units.
    #[must_use]
    pub fn partial(&self, direction: Direction) -> Option<Record> {
        match direction {
            Direction::ToServer => self.to_server.partial(&self.context),
            Direction::ToClient => self.to_client.partial(&self.context),
        }
    }

    /// Returns the extensions that the client and the server agreed on.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.context.extensions
    }
}

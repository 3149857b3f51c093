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
/// For each direction a conversation keeps at most one head, or the beginnings of one payload and
/// of one message. That is at most a few times what [`Options`] allow, whatever the peers send. If
/// messages are compressed, each direction needs another 46 KiB, for the window that later messages
/// may refer to. A compressed message is inflated piece by piece, up to
/// [`Limits::max_message_bytes`](protocol::Limits::max_message_bytes).
#[derive(Debug)]
pub struct Conversation {
    to_server: Stream,
    to_client: Stream,
    context: ConnectionContext,
}

impl Conversation {
    /// Creates the conversation of a new connection. It begins with an HTTP request.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            to_server: Stream::new(Direction::ToServer),
            to_client: Stream::new(Direction::ToClient),
            context: ConnectionContext::new(options),
        }
    }

    /// Creates the conversation of a connection whose handshake was not observed. It begins with
    /// frames in both directions, without extensions.
    #[must_use]
    pub fn after_handshake(options: Options) -> Self {
        let mut conversation = Self::new(options);
        conversation.to_server.switch_to_frames();
        conversation.to_client.switch_to_frames();
        conversation
    }

    /// Dissects the next bytes of one direction, and passes each record that they complete to
    /// `sink`.
    ///
    /// Some of these records may belong to the other direction, if its bytes had to wait for the
    /// response to the handshake. `time` is the time at which the bytes arrived; it is copied into
    /// the records and has no other effect.
    pub fn push(&mut self, direction: Direction, bytes: &[u8], time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let Self { to_server, to_client, context } = self;
        match direction {
            Direction::ToServer => to_server.push(bytes, time, context, sink),
            Direction::ToClient => {
                // These bytes may contain the response that the client's bytes wait for. The two
                // streams take turns after each unit, so that the order of the records does not
                // depend on where the bytes are cut.
                let mut rest = bytes;
                while !rest.is_empty() {
                    rest = to_client.push_unit(rest, time, context, sink);
                    to_server.resume(context, sink);
                }
            }
        }
    }

    /// Does the same as [`push`](Self::push), but counts the units that the bytes complete instead
    /// of dissecting them.
    ///
    /// This is for units that arrive faster than anybody can read them. It costs a fraction of a
    /// dissection, and still finds the beginning of the next unit. Compressed messages are still
    /// inflated, because a later message may refer to them.
    ///
    /// The first Close frame of each direction is still dissected and passed to `sink`, because the
    /// end of a connection is usually what a reader most wants to know about.
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

    /// Ends one direction: no more bytes will arrive. An incomplete unit is passed to `sink` as far
    /// as it has arrived.
    pub fn end(&mut self, direction: Direction, time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let stream = match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        stream.end(time, &mut self.context, sink);
    }

    /// Returns the dissection of the incomplete unit in this direction, as far as it has arrived,
    /// or `None` between two units.
    #[must_use]
    pub fn partial(&self, direction: Direction) -> Option<Record> {
        match direction {
            Direction::ToServer => self.to_server.partial(&self.context),
            Direction::ToClient => self.to_client.partial(&self.context),
        }
    }

    /// Returns the extensions that the two ends agreed on.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.context.extensions
    }
}

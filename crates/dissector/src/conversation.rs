//! Two directions of one connection, and what they have to know of each other.

use std::time::SystemTime;

use protocol::{Limits, handshake::Extension, limits::MAX_CONTROL_PAYLOAD};

use crate::{
    head::Offer,
    inflating::Deflate,
    record::{Direction, Record},
    stream::Stream,
};

/// What a conversation keeps and what it complains about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many bytes of each payload are kept and shown. 4 KiB by default: more than anybody reads on a screen, and little
    /// enough that a thousand connections can be looked at. Never less than 125, a control frame's payload.
    pub payload_bytes: usize,
    /// What a receiver takes. A head that is longer is not collected any further; a frame or a message that is longer is
    /// dissected all the same, and the limit is named as the rule that it breaks.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { payload_bytes: 4 << 10, limits: Limits::DEFAULT }
    }
}

/// A connection that is being looked at.
///
/// It keeps, for each direction, at most one head or the beginning of one payload and of one message: a few times what
/// [`Options`] allow, whatever comes. Where messages are compressed there are 46 KiB more for each direction, for what
/// messages may refer back to, and [`Limits::max_message_bytes`] is how much of one is inflated, piece by piece.
#[derive(Debug)]
pub struct Conversation {
    to_server: Stream,
    to_client: Stream,
    shared: Shared,
}

/// What one direction knows and the other needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// The number of the next record.
    pub(crate) next_number: u64,
    /// What the last request asked for.
    pub(crate) offer: Option<Offer>,
    /// What the server said to the last request, if the client's stream has not heard of it yet.
    pub(crate) answer: Option<Answer>,
    /// The extensions in use.
    pub(crate) extensions: Vec<Extension>,
    /// How messages are compressed, if they may be, and RSV1 says which are (RFC 7692, section 6).
    pub(crate) deflate: Option<Deflate>,
    /// What has passed without being taken apart, while that is what is wanted.
    pub(crate) passed: Option<Passed>,
}

/// Units that went through and were counted only: see [`Conversation::pass`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many units came to their end.
    pub units: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

/// What a final response means for what the client sends next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 101 to a request for a WebSocket: frames.
    WebSocket,
    /// 101 to something else.
    OtherProtocol,
    /// Everything else: another request, if anything.
    Http,
}

impl Conversation {
    /// A connection of which nothing has been seen: an HTTP request comes first.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        let mut options = options;
        if options.payload_bytes < MAX_CONTROL_PAYLOAD {
            options.payload_bytes = MAX_CONTROL_PAYLOAD;
        }
        Self {
            to_server: Stream::of_heads(Direction::ToServer),
            to_client: Stream::of_heads(Direction::ToClient),
            shared: Shared {
                options,
                next_number: 0,
                offer: None,
                answer: None,
                extensions: Vec::new(),
                deflate: None,
                passed: None,
            },
        }
    }

    /// A connection whose handshake is over and was not seen: frames come next, in both directions, without extensions.
    #[must_use]
    pub fn after_handshake(options: Options) -> Self {
        let mut conversation = Self::new(options);
        conversation.to_server.switch_to_frames();
        conversation.to_client.switch_to_frames();
        conversation
    }

    /// Takes the bytes that went through next in this direction. Each record that they complete is given to `sink`; these
    /// may be records of the other direction, if that had to wait for what these bytes say.
    ///
    /// `time` is when they passed. It is copied into the records and has no other effect.
    pub fn push(&mut self, direction: Direction, bytes: &[u8], time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let Self { to_server, to_client, shared } = self;
        match direction {
            Direction::ToServer => to_server.push(bytes, time, shared, sink),
            Direction::ToClient => {
                // The first bytes may be the answer for which the client's bytes wait. So that the records come out in the
                // same order however the bytes are cut, both streams take turns at each record.
                let mut rest = bytes;
                while !rest.is_empty() {
                    rest = to_client.step(rest, time, shared, sink);
                    to_server.resume(shared, sink);
                }
            }
        }
    }

    /// As [`push`](Self::push), but what these bytes complete is not taken apart, only counted. For units that come faster
    /// than anybody can look at them: this costs a fraction, and where the next unit begins is not lost. Compressed messages
    /// are inflated all the same, for a later one may refer to them.
    ///
    /// The first Close frame of each direction is given to `sink` all the same, for how a connection ended is what one
    /// wants to know most.
    pub fn pass(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        time: Option<SystemTime>,
        sink: &mut dyn FnMut(Record),
    ) -> Passed {
        self.shared.passed = Some(Passed::default());
        self.push(direction, bytes, time, sink);
        self.shared.passed.take().unwrap_or_default()
    }

    /// No more bytes will come in this direction. What has begun is given to `sink` as far as it went.
    pub fn end(&mut self, direction: Direction, time: Option<SystemTime>, sink: &mut dyn FnMut(Record)) {
        let stream = match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        stream.end(time, &mut self.shared, sink);
    }

    /// What has begun in this direction and is not complete, as far as it went; `None` between two units.
    #[must_use]
    pub fn partial(&self, direction: Direction) -> Option<Record> {
        match direction {
            Direction::ToServer => self.to_server.partial(&self.shared),
            Direction::ToClient => self.to_client.partial(&self.shared),
        }
    }

    /// The extensions that the two sides agreed on.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.shared.extensions
    }
}

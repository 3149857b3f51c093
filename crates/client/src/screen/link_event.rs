//! The events that the link reports to the screen.

use dissector::Record;
use websocket::protocol::{Message, State};

use super::link_command::SentFrames;
use crate::ending::Ending;

/// Something that happened on the connection.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// A connection is being opened.
    Connecting,
    /// The connection is open.
    Connected {
        /// The URI, and the route to it: see [`destination`](crate::opening::destination).
        destination: String,
        /// The subprotocol that was negotiated.
        subprotocol: Option<String>,
        /// The negotiated extensions, in the notation of the `Sec-WebSocket-Extensions` header.
        extensions: Vec<String>,
    },
    /// The connection could not be opened. Contains the sentence that explains why.
    NotConnected(String),
    /// The head of the request or of the response, or a frame, was sent or received.
    Record(Record),
    /// The link begins to carry out a command. The records of its frames follow.
    Sending(SentFrames),
    /// The command has been carried out, or has failed.
    Sent,
    /// A message arrived.
    Message(Message),
    /// The connection's state may have changed. Contains the current state.
    State(State),
    /// The connection is over.
    Ended(Ending),
    /// Something failed, for example a command. Contains the sentence that explains why.
    Failed(String),
    /// A command was carried out. Contains the sentence that reports the result.
    Done(String),
}

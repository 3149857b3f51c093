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
        /// The negotiated extensions, in the notation of the `Sec-WebSocket-Extensions` header
        /// field.
        extensions: Vec<String>,
    },
    /// The connection could not be opened. Contains a sentence that explains why.
    NotConnected(String),
    /// A request head, a response head or a frame was sent or received.
    Record(Record),
    /// The link has started to carry out a command. The records of the command's frames follow.
    Sending(SentFrames),
    /// The command has been carried out, or has failed.
    Sent,
    /// A message arrived.
    Message(Message),
    /// The connection's state may have changed. Contains the current state.
    State(State),
    /// The connection is over.
    Ended(Ending),
    /// Something, such as a command, failed. Contains a sentence that explains why.
    Failed(String),
    /// A command was carried out. Contains a sentence that reports the result.
    Done(String),
}

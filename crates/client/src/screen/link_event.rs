//! The events that the link reports to the screen.

use dissector::Record;
use websocket::protocol::{Message, State};

use crate::ending::Ending;

/// Something that happened on the connection.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// A connection is being opened.
    Connecting,
    /// The connection is open.
    Connected {
        /// The subprotocol that was negotiated.
        subprotocol: Option<String>,
        /// The negotiated extensions, as they are written in the header.
        extensions: Vec<String>,
    },
    /// The connection could not be opened. Contains the sentence that explains why.
    NotConnected(String),
    /// The head of a request or response, or a frame, passed in either direction.
    Record(Record),
    /// A message arrived.
    Message(Message),
    /// The connection's state may have changed to this one.
    State(State),
    /// The connection is over.
    Ended(Ending),
    /// Something failed, for example a command. Contains the sentence that explains why.
    Failed(String),
    /// A command was carried out, and there is something to report about it.
    Done(String),
}

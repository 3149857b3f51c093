//! Feeds a peer's bytes to tungstenite, and records its events and how the connection ended.

use std::io::{self, Read, Write};

use protocol::{CloseCode, Role};
use tungstenite::{
    Error, Message, WebSocket,
    error::ProtocolError,
    protocol::{Role as TungsteniteRole, WebSocketConfig},
};

use crate::engine::ReceivedEvent;

/// The maximum size of a frame and of a message, in bytes, for both engines. It is small enough for
/// an input to exceed it.
pub const MAX_BYTES: usize = 512;

/// How a tungstenite connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TungsteniteEnd {
    /// The peer sent a Close, or its stream ended.
    Closed,
    /// The bytes broke a rule. The field is the close code that our engine uses for this kind of
    /// violation.
    Rejected(CloseCode),
    /// Bytes arrived after a Close.
    AfterClose,
}

/// What tungstenite reported for some bytes followed by the end of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TungsteniteRecord {
    /// The events that the application received, in order.
    pub events: Vec<ReceivedEvent>,
    /// How the connection ended.
    pub end: TungsteniteEnd,
}

/// Passes `bytes` to tungstenite, followed by the end of the stream.
///
/// # Panics
/// Panics if tungstenite returns an error that no input bytes can cause.
pub fn feed(role: Role, bytes: &[u8]) -> TungsteniteRecord {
    let role = match role {
        Role::Server => TungsteniteRole::Server,
        Role::Client => TungsteniteRole::Client,
    };
    let config = WebSocketConfig::default()
        .max_frame_size(Some(MAX_BYTES))
        .max_message_size(Some(MAX_BYTES))
        // Use a small read buffer. Allocating the default of 128 KiB for each input would take
        // longer than everything else.
        .read_buffer_size(1 << 10);
    let mut socket = WebSocket::from_raw_socket(FixedInput(bytes), role, Some(config));
    let mut events = Vec::new();
    let end = loop {
        match socket.read() {
            Ok(Message::Text(text)) => events.push(ReceivedEvent::Text(text.to_string())),
            Ok(Message::Binary(payload)) => events.push(ReceivedEvent::Binary(payload.to_vec())),
            Ok(Message::Ping(payload)) => events.push(ReceivedEvent::Ping(payload.to_vec())),
            Ok(Message::Pong(payload)) => events.push(ReceivedEvent::Pong(payload.to_vec())),
            Ok(Message::Close(frame)) => {
                events.push(ReceivedEvent::Close(frame.map(|frame| (frame.code.into(), frame.reason.to_string()))));
            }
            Ok(Message::Frame(frame)) => panic!("reading never returns a bare frame: {frame:?}"),
            Err(Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                break TungsteniteEnd::Closed;
            }
            Err(_) if matches!(events.last(), Some(ReceivedEvent::Close(_))) => break TungsteniteEnd::AfterClose,
            Err(Error::Protocol(_)) => break TungsteniteEnd::Rejected(CloseCode::PROTOCOL_ERROR),
            Err(Error::Utf8(_)) => break TungsteniteEnd::Rejected(CloseCode::INVALID_DATA),
            Err(Error::Capacity(_)) => break TungsteniteEnd::Rejected(CloseCode::MESSAGE_TOO_BIG),
            Err(error) => panic!("bytes cannot cause this error: {error}"),
        }
    };
    TungsteniteRecord { events, end }
}

/// A stream that returns these bytes and then ends, and that discards everything written to it.
struct FixedInput<'a>(&'a [u8]);

impl Read for FixedInput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for FixedInput<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! tungstenite, given bytes, and all that came of it.

use std::io::{self, Read, Write};

use protocol::{CloseCode, Role};
use tungstenite::{
    Error, Message, WebSocket,
    error::ProtocolError,
    protocol::{Role as TheirRole, WebSocketConfig},
};

use crate::engine::Heard;

/// The largest frame and the largest message, in bytes, for both engines: small enough that an input can go beyond it.
pub const LARGEST: usize = 512;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer's Close, or the end of the stream.
    Ended,
    /// A rule was broken; our close code for rules of that kind.
    Rejected(CloseCode),
    /// Something came after a Close.
    AfterClose,
}

/// All that came of some bytes and the end of the stream after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was heard, in order.
    pub heard: Vec<Heard>,
    /// How it ended.
    pub end: End,
}

/// Gives `bytes` to tungstenite.
///
/// # Panics
/// When it gives an error that cannot come from bytes.
pub fn feed(role: Role, bytes: &[u8]) -> Outcome {
    let role = match role {
        Role::Server => TheirRole::Server,
        Role::Client => TheirRole::Client,
    };
    let config = WebSocketConfig::default()
        .max_frame_size(Some(LARGEST))
        .max_message_size(Some(LARGEST))
        // Of its own accord it makes room for 128 KiB each time, which takes longer than everything else.
        .read_buffer_size(1 << 10);
    let mut socket = WebSocket::from_raw_socket(Wire(bytes), role, Some(config));
    let mut heard = Vec::new();
    let end = loop {
        match socket.read() {
            Ok(Message::Text(text)) => heard.push(Heard::Text(text.to_string())),
            Ok(Message::Binary(payload)) => heard.push(Heard::Binary(payload.to_vec())),
            Ok(Message::Ping(payload)) => heard.push(Heard::Ping(payload.to_vec())),
            Ok(Message::Pong(payload)) => heard.push(Heard::Pong(payload.to_vec())),
            Ok(Message::Close(frame)) => {
                heard.push(Heard::Close(frame.map(|frame| (frame.code.into(), frame.reason.to_string()))));
            }
            Ok(Message::Frame(frame)) => panic!("reading never gives a bare frame: {frame:?}"),
            Err(Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                break End::Ended;
            }
            Err(_) if matches!(heard.last(), Some(Heard::Close(_))) => break End::AfterClose,
            Err(Error::Protocol(_)) => break End::Rejected(CloseCode::PROTOCOL_ERROR),
            Err(Error::Utf8(_)) => break End::Rejected(CloseCode::INVALID_DATA),
            Err(Error::Capacity(_)) => break End::Rejected(CloseCode::MESSAGE_TOO_BIG),
            Err(error) => panic!("an error that no bytes can cause: {error}"),
        }
    };
    Outcome { heard, end }
}

/// A stream of these bytes, which takes everything that is written.
struct Wire<'a>(&'a [u8]);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

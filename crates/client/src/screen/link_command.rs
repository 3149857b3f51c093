//! The commands that the link to the server carries out.

use std::{path::PathBuf, time::Duration};

use websocket::protocol::{CloseCode, frame::MaskingKey};

/// A command for the link to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkCommand {
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Binary(Vec<u8>),
    /// Send the content of a file as a binary message.
    File(PathBuf),
    /// Send a Ping.
    Ping(Vec<u8>),
    /// Send an unsolicited Pong.
    Pong(Vec<u8>),
    /// Send a Close.
    Close(CloseCode, String),
    /// Send a text message in `count` frames, with an optional Ping after the first frame.
    Fragments { count: usize, ping: bool, text: String },
    /// Write these bytes to the stream without checking them.
    Raw(Vec<u8>),
    /// Send a text message one byte at a time, with this pause between bytes.
    Slow(Duration, String),
    /// Mask the next frame with this key.
    Mask(MaskingKey),
    /// Break the rule with this name, and evaluate how the server reacts.
    Break(&'static str),
    /// Close the connection if it is open, and open a new one.
    Reconnect(NewConnection),
}

/// The connection that replaces the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewConnection {
    pub(crate) url: String,
    /// Whether the user asked for compression on this connection. A command-line option can request
    /// compression for every connection.
    pub(crate) deflate: bool,
    /// A subprotocol to offer in addition to those given on the command line.
    pub(crate) subprotocol: Option<String>,
}

/// What a command sends. The screen uses it to select the right frame once that frame has been
/// sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentFrames {
    /// A frame with this opcode, possibly followed by further frames.
    Opcode(u8),
    /// Raw bytes, which may contain any frames.
    Raw,
    /// Bytes that break a rule.
    Broken,
}

impl LinkCommand {
    /// Returns what the command sends, or `None` if it sends nothing that the user would want to
    /// see.
    pub(crate) const fn sent_frames(&self) -> Option<SentFrames> {
        Some(match self {
            Self::Text(_) | Self::Fragments { .. } | Self::Slow(..) => SentFrames::Opcode(1),
            Self::Binary(_) | Self::File(_) => SentFrames::Opcode(2),
            Self::Close(..) => SentFrames::Opcode(8),
            Self::Ping(_) => SentFrames::Opcode(9),
            Self::Pong(_) => SentFrames::Opcode(10),
            Self::Raw(_) => SentFrames::Raw,
            Self::Break(_) => SentFrames::Broken,
            Self::Mask(_) | Self::Reconnect(_) => return None,
        })
    }
}

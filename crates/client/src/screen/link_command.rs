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
    /// Write these bytes into the stream, unchecked.
    Raw(Vec<u8>),
    /// Send a text message byte by byte, with this pause between two bytes.
    Slow(Duration, String),
    /// Mask the next frame with this key.
    Mask(MaskingKey),
    /// Break the rule with this name, and evaluate how the server reacts.
    Break(&'static str),
    /// Close the connection if it is open, and open a new one.
    Reconnect,
}

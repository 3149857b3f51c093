//! A message that is encoded once and sent to many clients.

use bytes::Bytes;

#[cfg(feature = "deflate")]
use crate::extension::{DeflateOptions, Deflater};
use crate::{extension::WindowBits, frame::FrameHeader, message::Message};

/// A message in its encoded form, for
/// [`Connection::send_prepared`](super::Connection::send_prepared). Clones share the bytes.
///
/// Only a server can send a prepared message. A client must mask each frame with a new key, so it
/// cannot send the same bytes twice.
///
/// ```
/// # use std::time::Instant;
/// use protocol::{Config, Connection, Message, PreparedMessage};
///
/// let mut servers = [(); 3].map(|()| Connection::server(Config::default(), Instant::now()));
/// let news = PreparedMessage::new(&Message::text("news"));
/// for server in &mut servers {
///     server.send_prepared(&news)?;
/// }
/// # Ok::<(), protocol::UsageError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PreparedMessage {
    pub(super) frame: Bytes,
    /// The compressed frame of the same message, for connections that have negotiated compression.
    pub(super) compressed: Option<CompressedFrame>,
}

/// A frame that holds a compressed message.
#[derive(Debug, Clone)]
pub(super) struct CompressedFrame {
    pub(super) frame: Bytes,
    /// The window size that a receiver needs, because the payload may refer that far back.
    pub(super) window_bits: WindowBits,
}

impl PreparedMessage {
    /// Encodes a message as a server sends it: in one frame, without a mask.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let payload = message.as_bytes();
        let header = FrameHeader::plain(message.kind().opcode(), true, payload.len());
        Self { frame: encode(header, payload), compressed: None }
    }

    /// Encodes a message uncompressed, and also compressed if it reaches the threshold and
    /// compression makes it smaller. `options` supplies the size of the server's window, the
    /// compression level and the threshold. A connection that has negotiated compression with a
    /// window of at least that size sends the compressed frame, if there is one.
    ///
    /// The compressed frame refers to no other message. A connection with context takeover clears
    /// its window when it sends the frame, so the next message that it compresses is slightly
    /// larger than it would otherwise be.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn compressed(message: &Message, options: &DeflateOptions) -> Self {
        Self { compressed: CompressedFrame::new(message, options), ..Self::new(message) }
    }
}

#[cfg(feature = "deflate")]
impl CompressedFrame {
    /// Returns the compressed frame if the message reaches the threshold and compression makes it
    /// smaller.
    fn new(message: &Message, options: &DeflateOptions) -> Option<Self> {
        let payload = message.as_bytes();
        // Compressing a small message would cost more than it saves, so send it uncompressed.
        if payload.len() < options.threshold {
            return None;
        }
        let window_bits = options.server_max_window_bits;
        let compressed = Deflater::without_takeover(window_bits, options.level).deflate(payload, true);
        // If compression does not make the message smaller, send it uncompressed, which is always
        // allowed.
        if compressed.len() >= payload.len() {
            return None;
        }
        let header = FrameHeader::plain(message.kind().opcode(), true, compressed.len()).compressed();
        Some(Self { frame: encode(header, &compressed), window_bits })
    }
}

fn encode(header: FrameHeader, payload: &[u8]) -> Bytes {
    [&header.encode()[..], payload].concat().into()
}

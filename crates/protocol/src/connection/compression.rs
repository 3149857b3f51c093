//! permessage-deflate in a connection that has agreed on it (RFC 7692, sections 6.1 and 6.2). All others have none of
//! this, and their messages never come here.

use bytes::Bytes;

use super::{
    Connection,
    receiver::Receiver,
    sender::{PreparedMessage, Sender, frame_header},
};
use crate::{
    extension::{DeflateOptions, Deflater, InflateError, Inflater, NegotiatedDeflate, WindowBits},
    frame::{FrameHeader, Opcode, ReservedBits},
    message::{Message, MessageKind},
    violation::Violation,
};

/// What compresses the messages of this end.
#[derive(Debug)]
pub(super) struct Deflating {
    deflater: Deflater,
    threshold: usize,
}

/// The compressed frame of a prepared message.
#[derive(Debug, Clone)]
pub(super) struct Compressed {
    frame: Bytes,
    /// How far back it refers.
    window_bits: WindowBits,
}

impl Compressed {
    /// Compresses the message for servers, if it is large enough and gets smaller.
    pub(super) fn new(message: &Message, options: &DeflateOptions) -> Option<Self> {
        let payload = message.as_bytes();
        if payload.len() < options.threshold {
            return None;
        }
        let window_bits = options.server_max_window_bits;
        let compressed = Deflater::alone(window_bits, options.level).deflate(payload, true);
        if compressed.len() >= payload.len() {
            return None;
        }
        let head = compressed_header(message.kind().opcode(), true, compressed.len()).encode();
        Some(Self { frame: [&head[..], &compressed].concat().into(), window_bits })
    }
}

/// What decompresses the messages of the peer.
#[derive(Debug)]
pub(super) struct Inflating {
    inflater: Inflater,
    /// As much of the present message as there is.
    message: Vec<u8>,
}

impl Connection {
    /// Compresses messages, and takes compressed ones, as was agreed in the opening handshake.
    //= docs/src/rfc7692.md#section-5
    //# After a valid response both ends MUST exchange messages by the rules of section 6, with the agreed parameters.
    #[must_use]
    pub fn with_deflate(mut self, compression: &NegotiatedDeflate) -> Self {
        self.sender.deflating =
            Some(Box::new(Deflating { deflater: Deflater::new(compression), threshold: compression.threshold }));
        self.receiver.inflating = Some(Box::new(Inflating::new(compression)));
        self
    }
}

impl Sender {
    /// Sends a message compressed, if it is worth it; says whether it has.
    pub(super) fn send_deflated(&mut self, kind: MessageKind, payload: &[u8]) -> bool {
        //= docs/src/rfc7692.md#section-6-1
        //# To send a message uncompressed, an endpoint MUST put its payload into frames as it is and leave RSV1 of the
        //# first one unset.
        let Some(deflating) = self.deflating.as_mut().filter(|deflating| payload.len() >= deflating.threshold) else {
            return false;
        };
        //= docs/src/rfc7692.md#section-6-1
        //# To send a message compressed, an endpoint MUST compress its whole payload, put the result into frames and
        //# set RSV1 of the first one.
        let compressed = deflating.deflater.deflate(payload, true);
        // With takeover it is in the window now, and the peer has to get it there too.
        if compressed.len() >= payload.len() && !deflating.deflater.takes_over() {
            return false;
        }
        let header = self.masked(compressed_header(kind.opcode(), true, compressed.len()));
        self.output.push(&header, compressed.into());
        true
    }

    /// Sends the compressed frame of a prepared message, if it has one that this peer can read; says whether it has.
    pub(super) fn send_compressed(&mut self, prepared: &PreparedMessage) -> bool {
        let (Some(deflating), Some(compressed)) = (&mut self.deflating, &prepared.compressed) else { return false };
        if compressed.window_bits > deflating.deflater.window_bits() {
            return false;
        }
        // The peer's window now holds what ours does not. What is compressed next must not refer back across it.
        deflating.deflater.forget();
        self.output.push_encoded(&compressed.frame);
        true
    }

    /// Sends a part of a message compressed. How much will follow is not known, so nothing is too small for it.
    pub(super) fn send_deflated_fragment(&mut self, opcode: Opcode, part: &[u8], last: bool) -> bool {
        let Some(deflating) = &mut self.deflating else { return false };
        let compressed = deflating.deflater.deflate(part, last);
        let header = self.masked(compressed_header(opcode, last, compressed.len()));
        self.output.push(&header, compressed.into());
        true
    }
}

/// RSV1 marks the first frame of a compressed message and no other.
//= docs/src/rfc7692.md#section-6-1
//# RSV1 MUST NOT be set on a control frame, nor on any frame of a message but its first.
const fn compressed_header(opcode: Opcode, fin: bool, len: usize) -> FrameHeader {
    let reserved = if matches!(opcode, Opcode::Continuation) { ReservedBits::NONE } else { ReservedBits::RSV1 };
    FrameHeader { reserved, ..frame_header(opcode, fin, len) }
}

impl Inflating {
    fn new(compression: &NegotiatedDeflate) -> Self {
        Self { inflater: Inflater::new(compression), message: Vec::new() }
    }

    /// Takes more of a message's payload; `last` is its end. Gives what is new of the message, and what is wrong with the
    /// payload behind that.
    pub(super) fn add(&mut self, payload: &[u8], last: bool, limit: usize) -> (&[u8], Result<(), Violation>) {
        //= docs/src/rfc7692.md#section-6-2
        //# To receive a compressed message, an endpoint MUST join the payloads of its frames, decompress them and
        //# deliver the result.
        let before = self.message.len();
        let result = self.inflater.inflate(payload, last, &mut self.message, limit).map_err(|error| match error {
            InflateError::Invalid => Violation::DeflateInvalid,
            InflateError::TooBig => Violation::MessageTooBig { limit },
        });
        (&self.message[before..], result)
    }

    /// The whole message, after its end.
    pub(super) fn take(&mut self) -> Bytes {
        let mut message = std::mem::take(&mut self.message);
        // It grew by doubling. Whoever keeps it should not keep the room that was not needed.
        message.shrink_to_fit();
        message.into()
    }
}

impl Receiver {
    /// Whether the frame begins a compressed message: what the reserved bits say.
    #[inline]
    pub(super) fn validate_reserved_bits(&self, header: &FrameHeader) -> Result<bool, Violation> {
        //= docs/src/rfc7692.md#section-6-2
        //# An uncompressed message MUST be delivered as it is.
        if header.reserved.is_empty() {
            return Ok(false);
        }
        let known = if self.inflating.is_some() { ReservedBits::RSV1 } else { ReservedBits::NONE };
        //= docs/src/rfc6455.md#section-5-2
        //# An endpoint that receives a reserved bit of 1 without an agreed meaning MUST fail the connection.
        //
        // It is not to be ignored: its sender believes that it changes what the payload means.
        let unknown = header.reserved.without(known);
        if !unknown.is_empty() {
            return Err(Violation::ReservedBitsSet(unknown.bits()));
        }
        match header.opcode {
            Opcode::Text | Opcode::Binary => Ok(true),
            //= docs/src/rfc7692.md#section-6-1
            //# An endpoint that receives a control frame or a later fragment with RSV1 set MUST fail the connection.
            opcode => Err(Violation::CompressedBitMisplaced(opcode)),
        }
    }
}

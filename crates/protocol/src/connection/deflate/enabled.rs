//! Compression and decompression of one connection's messages.

use bytes::Bytes;

use crate::{
    extension::{Deflater, InflateError, Inflater, NegotiatedDeflate, WindowBits},
    violation::Violation,
};

/// The compression of the messages that this endpoint sends.
#[derive(Debug)]
pub(in super::super) struct Deflating {
    deflater: Deflater,
    /// Messages below this size, in bytes, are sent uncompressed.
    threshold: usize,
}

impl Deflating {
    pub(in super::super) fn new(negotiated: &NegotiatedDeflate) -> Self {
        Self { deflater: Deflater::new(negotiated), threshold: negotiated.threshold }
    }

    /// Compresses a whole message. Returns `None` if the message should be sent uncompressed.
    pub(in super::super) fn message(&mut self, payload: &[u8]) -> Option<Bytes> {
        //= docs/src/rfc7692.md#section-6-1
        //# To send an uncompressed message, an endpoint MUST put the payload into frames unchanged
        //# and leave RSV1 clear in the first frame.
        if payload.len() < self.threshold {
            return None;
        }
        //= docs/src/rfc7692.md#section-6-1
        //# To send a compressed message, an endpoint MUST compress the whole payload, put the
        //# result into frames, and set RSV1 in the first frame.
        let compressed = self.deflater.deflate(payload, true);
        // With context takeover, the message is now in our window, so the peer needs it in its own
        // window too: send the compressed form even if it is not smaller than the message.
        let is_worth_it = compressed.len() < payload.len() || self.deflater.takes_over();
        is_worth_it.then(|| compressed.into())
    }

    /// Compresses a part of a message. The size of the whole message is not known yet, so the
    /// threshold does not apply.
    pub(in super::super) fn fragment(&mut self, part: &[u8], last: bool) -> Bytes {
        self.deflater.deflate(part, last).into()
    }

    /// Returns `true` if the peer can decompress a prepared frame that was compressed with a window
    /// of this size. If so, this method also clears our own window, because the frame's data will
    /// be in the peer's window but not in ours. No later message may therefore refer to data from
    /// before that frame.
    pub(in super::super) fn admits_prepared(&mut self, window_bits: WindowBits) -> bool {
        let is_readable = window_bits <= self.deflater.window_bits();
        if is_readable {
            self.deflater.forget();
        }
        is_readable
    }
}

/// The decompression of the messages that the peer sends.
#[derive(Debug)]
pub(in super::super) struct Inflating {
    inflater: Inflater,
    /// The part of the current message that has been inflated.
    message: Vec<u8>,
}

impl Inflating {
    pub(in super::super) const fn new(negotiated: &NegotiatedDeflate) -> Self {
        Self { inflater: Inflater::new(negotiated), message: Vec::new() }
    }

    /// Inflates the next part of a message's payload. `last` is `true` if this part ends the
    /// message. Returns the bytes that were added to the message, and the error if one occurred
    /// after those bytes.
    pub(in super::super) fn add(&mut self, payload: &[u8], last: bool, limit: usize) -> (&[u8], Result<(), Violation>) {
        //= docs/src/rfc7692.md#section-6-2
        //# To receive a compressed message, an endpoint MUST join the payloads of its frames,
        //# decompress them and deliver the result.
        let before = self.message.len();
        let result = self.inflater.inflate(payload, last, &mut self.message, limit).map_err(|error| match error {
            InflateError::Invalid => Violation::DeflateInvalid,
            InflateError::TooBig => Violation::MessageTooBig { limit },
        });
        (&self.message[before..], result)
    }

    /// Returns the length of the current message so far, in inflated bytes.
    pub(in super::super) fn message_len(&self) -> usize {
        self.message.len()
    }

    /// Returns the size, in bytes, of the memory that is allocated for the inflated message.
    pub(in super::super) fn capacity(&self) -> usize {
        self.message.capacity()
    }

    /// Takes the whole inflated message, after its last fragment.
    pub(in super::super) fn take(&mut self) -> Bytes {
        let mut message = std::mem::take(&mut self.message);
        // The buffer grew by doubling, so it may have a lot of spare capacity. Free that capacity,
        // because the application may keep the message for a long time.
        message.shrink_to_fit();
        message.into()
    }
}

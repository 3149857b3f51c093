//! The reassembly of a message that arrives in several frames (section 5.4).

use bytes::{Bytes, BytesMut};

use crate::{frame::rules::OpenMessageInfo, message::MessageKind};

/// A message whose last fragment has not arrived.
#[derive(Debug)]
pub(super) struct OpenMessage {
    kind: MessageKind,
    compressed: bool,
    /// The payloads of the fragments received so far, joined together. Empty for a compressed
    /// message, whose payload is collected in the inflater's buffer.
    payload: BytesMut,
    /// The number of fragments so far.
    fragments: u32,
}

impl OpenMessage {
    pub(super) fn plain(kind: MessageKind) -> Box<Self> {
        Box::new(Self { kind, compressed: false, payload: BytesMut::new(), fragments: 0 })
    }

    pub(super) fn compressed(kind: MessageKind) -> Box<Self> {
        Box::new(Self { kind, compressed: true, payload: BytesMut::new(), fragments: 0 })
    }

    pub(super) const fn kind(&self) -> MessageKind {
        self.kind
    }

    pub(super) const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Appends a complete fragment.
    pub(super) fn push(&mut self, fragment: &[u8]) {
        self.payload.extend_from_slice(fragment);
        self.fragments += 1;
    }

    /// Counts a complete fragment of a compressed message. The fragment's payload is not stored
    /// here, because the inflater's buffer collects it.
    pub(super) const fn count_fragment(&mut self) {
        self.fragments += 1;
    }

    /// Returns the number of payload bytes collected in this value, which is 0 for a compressed
    /// message.
    pub(super) fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// Returns the capacity of the payload buffer in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.payload.capacity()
    }

    pub(super) fn into_payload(self) -> Bytes {
        self.payload.freeze()
    }

    /// Returns the information about this message that is needed to check the next frame header.
    pub(super) fn info(&self) -> OpenMessageInfo {
        OpenMessageInfo { len: (!self.compressed).then_some(self.payload.len() as u64), fragments: self.fragments }
    }
}

//! Builds valid frames with the protocol crate's own encoder, and modifies them to make them
//! invalid.

use protocol::{
    Role,
    frame::{FrameHeader, MaskingKeys, Opcode, ReservedBits, apply_mask},
};

use crate::payloads::FOLLOW_UP_PING;

/// Collects the frames that a fault sends.
pub(crate) struct FrameBuilder<'a> {
    role: Role,
    keys: &'a mut dyn MaskingKeys,
    bytes: Vec<u8>,
    close_sent: Option<Option<u16>>,
}

impl<'a> FrameBuilder<'a> {
    pub(crate) fn new(role: Role, keys: &'a mut dyn MaskingKeys) -> Self {
        Self { role, keys, bytes: Vec::new(), close_sent: None }
    }

    /// Returns the header of an unfragmented frame. The frame is masked if the role requires
    /// masking.
    pub(crate) fn header(&mut self, opcode: Opcode, payload: &[u8]) -> FrameHeader {
        let masking_key = match self.role {
            Role::Client => Some(self.keys.next_key()),
            Role::Server => None,
        };
        FrameHeader { masking_key, ..unmasked_header(opcode, payload) }
    }

    /// Returns the header of an unfragmented frame with the wrong masking: masked from a server,
    /// unmasked from a client.
    pub(crate) fn header_with_wrong_masking(&mut self, opcode: Opcode, payload: &[u8]) -> FrameHeader {
        let masking_key = match self.role {
            Role::Client => None,
            Role::Server => Some(self.keys.next_key()),
        };
        FrameHeader { masking_key, ..unmasked_header(opcode, payload) }
    }

    /// Adds a frame with this header and payload.
    pub(crate) fn put(&mut self, header: &FrameHeader, payload: &[u8]) {
        self.put_patched(header, payload, |_| {});
    }

    /// Adds a frame, as [`put`](Self::put) does, but first lets `patch` modify the encoded header,
    /// which can then contain bytes that the encoder never writes. The header of a masked frame
    /// ends with the masking key.
    pub(crate) fn put_patched(&mut self, header: &FrameHeader, payload: &[u8], patch: impl FnOnce(&mut Vec<u8>)) {
        let mut encoded = header.encode().to_vec();
        patch(&mut encoded);
        self.bytes.extend(encoded);
        let start = self.bytes.len();
        self.bytes.extend(payload);
        if let Some(key) = header.masking_key {
            apply_mask(&mut self.bytes[start..], key);
        }
    }

    /// Adds a frame that is well formed on its own. Only its position or its payload may break a
    /// rule.
    pub(crate) fn frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = self.header(opcode, payload);
        self.put(&header, payload);
    }

    /// Adds a frame whose FIN bit is not set.
    pub(crate) fn frame_without_fin(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = FrameHeader { fin: false, ..self.header(opcode, payload) };
        self.put(&header, payload);
    }

    /// Adds a Close frame with this code, and these bytes as the reason.
    pub(crate) fn close(&mut self, code: u16, reason: &[u8]) {
        let body = self.close_body(code, reason);
        self.frame(Opcode::Close, &body);
    }

    /// Returns the body of a Close frame, and records that the fault contains a Close.
    pub(crate) fn close_body(&mut self, code: u16, reason: &[u8]) -> Vec<u8> {
        self.record_close(Some(code));
        [&code.to_be_bytes(), reason].concat()
    }

    /// Records that the fault contains a Close. After a Close, nothing may be sent except frames
    /// that are part of the fault, so no Ping is added.
    pub(crate) fn record_close(&mut self, code: Option<u16>) {
        self.close_sent.get_or_insert(code);
    }

    /// Adds the Ping that tests whether the peer has failed the connection. Adds nothing after a
    /// Close, because no Ping may follow a Close.
    pub(crate) fn follow_up_ping(&mut self) {
        if self.close_sent.is_none() {
            self.frame(Opcode::Ping, FOLLOW_UP_PING);
        }
    }

    /// Returns the code of the first Close among the frames: `None` if there is no Close,
    /// `Some(None)` if the Close has no code.
    pub(crate) const fn close_sent(&self) -> Option<Option<u16>> {
        self.close_sent
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn unmasked_header(opcode: Opcode, payload: &[u8]) -> FrameHeader {
    let reserved = ReservedBits::NONE;
    FrameHeader { fin: true, reserved, opcode, masking_key: None, payload_length: payload.len() as u64 }
}

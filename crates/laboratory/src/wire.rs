//! Frames as they go on the wire, from the protocol's own encoder; and what has to be done to them to make them wrong.

use protocol::{
    Role,
    frame::{FrameHeader, MaskingKeys, Opcode, ReservedBits, apply_mask},
};

/// What an experiment says where it does not matter what it says. Whoever sends it back has taken it for a message.
pub(crate) const HELLO: &[u8] = b"Hello";

/// The payload of the Ping behind a broken rule.
pub(crate) const STILL_THERE: &[u8] = b"still there?";

/// Collects the bytes of one experiment.
pub(crate) struct Wire<'a> {
    role: Role,
    keys: &'a mut dyn MaskingKeys,
    bytes: Vec<u8>,
    close_sent: Option<Option<u16>>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(role: Role, keys: &'a mut dyn MaskingKeys) -> Self {
        Self { role, keys, bytes: Vec::new(), close_sent: None }
    }

    /// The header of a frame that is its message's last, masked or not as the role asks.
    pub(crate) fn header(&mut self, opcode: Opcode, payload: &[u8]) -> FrameHeader {
        let masking_key = match self.role {
            Role::Client => Some(self.keys.next_key()),
            Role::Server => None,
        };
        let reserved = ReservedBits::NONE;
        FrameHeader { fin: true, reserved, opcode, masking_key, payload_length: payload.len() as u64 }
    }

    /// The header of a frame that is masked or not as the role must not.
    pub(crate) fn header_masked_wrongly(&mut self, opcode: Opcode, payload: &[u8]) -> FrameHeader {
        let masking_key = match self.role {
            Role::Client => None,
            Role::Server => Some(self.keys.next_key()),
        };
        FrameHeader { masking_key, ..self.header_without_key(opcode, payload) }
    }

    fn header_without_key(&self, opcode: Opcode, payload: &[u8]) -> FrameHeader {
        let reserved = ReservedBits::NONE;
        FrameHeader { fin: true, reserved, opcode, masking_key: None, payload_length: payload.len() as u64 }
    }

    /// Adds a frame of this header and payload.
    pub(crate) fn put(&mut self, header: &FrameHeader, payload: &[u8]) {
        self.put_patched(header, payload, |_| {});
    }

    /// As [`put`](Self::put), and changes the header's bytes into what the encoder never writes. They end in the masking
    /// key if there is one.
    pub(crate) fn put_patched(&mut self, header: &FrameHeader, payload: &[u8], patch: impl FnOnce(&mut Vec<u8>)) {
        let mut head = header.encode().to_vec();
        patch(&mut head);
        self.bytes.extend(head);
        let start = self.bytes.len();
        self.bytes.extend(payload);
        if let Some(key) = header.masking_key {
            apply_mask(&mut self.bytes[start..], key);
        }
    }

    /// A frame with nothing wrong about it but, perhaps, where it stands and what is in it.
    pub(crate) fn frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = self.header(opcode, payload);
        self.put(&header, payload);
    }

    /// The same without FIN.
    pub(crate) fn frame_without_fin(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = FrameHeader { fin: false, ..self.header(opcode, payload) };
        self.put(&header, payload);
    }

    /// A Close frame of this code and these bytes for a reason.
    pub(crate) fn close(&mut self, code: u16, reason: &[u8]) {
        let body = self.close_body(code, reason);
        self.frame(Opcode::Close, &body);
    }

    /// The body of a Close, which counts as sent from here on.
    pub(crate) fn close_body(&mut self, code: u16, reason: &[u8]) -> Vec<u8> {
        self.note_close(Some(code));
        [&code.to_be_bytes(), reason].concat()
    }

    /// Notes that a Close was sent: nothing should follow that is not the experiment's own doing.
    pub(crate) fn note_close(&mut self, code: Option<u16>) {
        self.close_sent.get_or_insert(code);
    }

    /// The Ping behind it all, unless a Close was sent.
    pub(crate) fn ask_if_still_there(&mut self) {
        if self.close_sent.is_none() {
            self.frame(Opcode::Ping, STILL_THERE);
        }
    }

    /// The code of the first Close among the frames; `Some(None)` if it has none.
    pub(crate) const fn close_sent(&self) -> Option<Option<u16>> {
        self.close_sent
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

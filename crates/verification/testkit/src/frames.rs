//! Builds frames field by field, and takes frames apart (section 5.2).
//!
//! Tests write most frames as hexadecimal digits, as a server sends them, with a space between the
//! fields: `"81 05 48656c6c6f"`. [`frames_from`] converts such frames to the bytes that an endpoint
//! in either role sends. A client's frames get the MASK bit and the key 00000000, which leaves the
//! payload readable. Tests of masking itself use other keys.

use protocol::{Role, frame::LengthForm};

use crate::{
    hex::hex,
    masking::{EXAMPLE_KEY, ZERO_KEY, xor_with_key},
};

/// Values of a frame's first byte, which consists of FIN, three reserved bits and the opcode.
pub mod first_byte {
    /// The FIN bit, which marks the last frame of a message.
    pub const FIN: u8 = 0x80;
    /// The RSV1 bit, which marks a compressed message (RFC 7692, section 6).
    pub const RSV1: u8 = 0x40;

    /// A fragment in the middle of a message.
    pub const CONTINUATION: u8 = 0x00;
    /// The last fragment of a message.
    pub const LAST_CONTINUATION: u8 = 0x80;
    /// A text message in one frame.
    pub const TEXT: u8 = 0x81;
    /// The first fragment of a text message.
    pub const FIRST_OF_TEXT: u8 = 0x01;
    /// A binary message in one frame.
    pub const BINARY: u8 = 0x82;
    /// The first fragment of a binary message.
    pub const FIRST_OF_BINARY: u8 = 0x02;
    /// A Close frame.
    pub const CLOSE: u8 = 0x88;
    /// A Ping frame.
    pub const PING: u8 = 0x89;
    /// A Pong frame.
    pub const PONG: u8 = 0x8A;
}

/// One frame, valid or not, built field by field.
///
/// ```
/// use testkit::{frames::{TestFrame, first_byte::TEXT}, hex::hex, masking::EXAMPLE_KEY};
///
/// assert_eq!(TestFrame::new(TEXT, "Hello").bytes(), hex("81 05 48656c6c6f"));
/// assert_eq!(TestFrame::new(TEXT, "Hello").masked_with(EXAMPLE_KEY).bytes(), hex("81 85 37fa213d 7f9f4d5158"));
/// ```
#[derive(Debug, Clone)]
pub struct TestFrame {
    first: u8,
    payload: Vec<u8>,
    masking_key: Option<[u8; 4]>,
    length_form: LengthForm,
}

impl TestFrame {
    /// Creates an unmasked frame whose length is written in its shortest form.
    pub fn new(first: u8, payload: impl AsRef<[u8]>) -> Self {
        let payload = payload.as_ref().to_vec();
        let length_form = match payload.len() {
            0..=125 => LengthForm::Seven,
            126..=0xFFFF => LengthForm::Sixteen,
            _ => LengthForm::SixtyFour,
        };
        Self { first, payload, masking_key: None, length_form }
    }

    /// Sets the MASK bit, and masks the payload with this key.
    #[must_use]
    pub fn masked_with(mut self, key: [u8; 4]) -> Self {
        self.masking_key = Some(key);
        self
    }

    /// Writes the length in this form, even if a shorter form would suffice.
    #[must_use]
    pub fn length_form(mut self, form: LengthForm) -> Self {
        self.length_form = form;
        self
    }

    /// Encodes the frame.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mask_bit = if self.masking_key.is_some() { 0x80 } else { 0 };
        let length = (self.payload.len() as u64).to_be_bytes();
        let mut bytes = vec![self.first];
        match self.length_form {
            LengthForm::Seven => {
                assert!(self.payload.len() <= 125, "seven bits hold no length above 125");
                bytes.push(mask_bit | length[7]);
            }
            LengthForm::Sixteen => {
                bytes.push(mask_bit | 126);
                bytes.extend(&length[6..]);
            }
            LengthForm::SixtyFour => {
                bytes.push(mask_bit | 127);
                bytes.extend(length);
            }
        }
        bytes.extend(self.masking_key.into_iter().flatten());
        bytes.extend(xor_with_key(&self.payload, self.masking_key.unwrap_or(ZERO_KEY)));
        bytes
    }
}

/// Encodes a frame as a server sends it.
pub fn server_frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    TestFrame::new(first, payload).bytes()
}

/// Encodes a frame as a client sends it, masked with [`EXAMPLE_KEY`].
pub fn client_frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    TestFrame::new(first, payload).masked_with(EXAMPLE_KEY).bytes()
}

/// Encodes a frame as `sender` sends it. A client masks with the key 00000000.
pub fn frame_from(sender: Role, first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let frame = TestFrame::new(first, payload);
    match sender {
        Role::Server => frame.bytes(),
        Role::Client => frame.masked_with(ZERO_KEY).bytes(),
    }
}

/// Converts hexadecimal frames, written as a server sends them, to the bytes that `sender` sends.
#[track_caller]
#[must_use]
pub fn frames_from(sender: Role, frames: &[&str]) -> Vec<u8> {
    let frames = frames.iter().map(|frame| hex(frame));
    match sender {
        Role::Server => frames.flatten().collect(),
        Role::Client => frames.flat_map(mask_with_zeros).collect(),
    }
}

/// Adds the MASK bit and the key 00000000 to an unmasked frame. The frame may be cut off anywhere
/// after its second byte.
#[must_use]
pub fn mask_with_zeros(mut frame: Vec<u8>) -> Vec<u8> {
    let key_at = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    frame[1] |= 0x80;
    if frame.len() >= key_at {
        frame.splice(key_at..key_at, ZERO_KEY);
    }
    frame
}

/// Returns the opposite role.
#[must_use]
pub const fn peer_of(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// A frame that has been split into its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// The first byte: FIN, the reserved bits, and the opcode.
    pub first: u8,
    /// The masking key, if the MASK bit is set.
    pub masking_key: Option<[u8; 4]>,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

impl RawFrame {
    /// Removes one frame from the front of `bytes` and takes it apart. Returns `None` if the frame
    /// is incomplete.
    pub fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut rest = *bytes;
        let [first, second] = *rest.split_off(..2)? else { return None };
        let length = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes(rest.split_off(..2)?.try_into().ok()?)),
            127 => u64::from_be_bytes(rest.split_off(..8)?.try_into().ok()?),
            short => u64::from(short),
        };
        let masking_key = match second & 0x80 {
            0 => None,
            _ => Some(rest.split_off(..4)?.try_into().ok()?),
        };
        let payload = rest.split_off(..usize::try_from(length).ok()?)?;
        *bytes = rest;
        Some(Self { first, masking_key, payload: xor_with_key(payload, masking_key.unwrap_or(ZERO_KEY)) })
    }

    /// Takes apart all frames in `bytes`. Panics if the last frame is incomplete.
    #[track_caller]
    #[must_use]
    pub fn take_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            frames.push(Self::take(&mut bytes).expect("complete frames"));
        }
        frames
    }

    /// Returns `true` if RSV1 is set and the other two reserved bits are not.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.first & 0x70 == first_byte::RSV1
    }
}

#[cfg(test)]
mod tests {
    use super::{RawFrame, TestFrame, client_frame, first_byte::*, frame_from, frames_from, server_frame};
    use crate::hex::hex;
    use protocol::{Role, frame::LengthForm};

    #[test]
    fn a_test_frame_agrees_with_the_examples_of_section_5_7() {
        assert_eq!(server_frame(TEXT, "Hello"), hex("81 05 48656c6c6f"));
        assert_eq!(client_frame(TEXT, "Hello"), hex("81 85 37fa213d 7f9f4d5158"));
        assert_eq!(server_frame(BINARY, [0; 256])[..4], hex("82 7e0100")[..]);
        assert_eq!(server_frame(BINARY, vec![0; 65_536])[..10], hex("82 7f0000000000010000")[..]);
    }

    #[test]
    fn hand_written_frames_become_frames_of_either_role() {
        let frames = ["81 05 48656c6c6f", "82 7e0080", "89 00"];
        assert_eq!(frames_from(Role::Server, &frames), hex("81 05 48656c6c6f  82 7e0080  89 00"));
        let masked = hex("81 85 00000000 48656c6c6f  82 fe0080 00000000  89 80 00000000");
        assert_eq!(frames_from(Role::Client, &frames), masked);
        assert_eq!(frame_from(Role::Client, TEXT, "Hello"), masked[..11]);
    }

    #[test]
    fn a_length_can_be_written_in_a_longer_form_than_it_needs() {
        let frame = TestFrame::new(TEXT, "Hello");
        assert_eq!(frame.clone().length_form(LengthForm::Sixteen).bytes(), hex("81 7e0005 48656c6c6f"));
        assert_eq!(frame.length_form(LengthForm::SixtyFour).bytes(), hex("81 7f0000000000000005 48656c6c6f"));
    }

    #[test]
    fn frames_are_taken_apart_as_they_were_built() {
        let bytes = [server_frame(TEXT, "Hello"), client_frame(BINARY, vec![7; 70_000])].concat();
        let [hello, large] = &RawFrame::take_all(&bytes)[..] else { panic!("two frames") };
        assert_eq!((hello.first, &hello.payload[..], hello.masking_key), (TEXT, &b"Hello"[..], None));
        assert_eq!((large.first, large.payload.len()), (BINARY, 70_000));
        for cut in 0..7 {
            assert_eq!(RawFrame::take(&mut &bytes[..cut]), None, "cut at {cut}");
        }
    }
}

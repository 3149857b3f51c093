//! Payloads and frames that are built in advance.
//!
//! The load generator must not use any of the libraries that it measures. A slow client would hide
//! the speed of a server, and a client with the same bug as a server would hide the bug. So this
//! module builds the frames byte by byte, before the clock starts.

use serde::Serialize;

/// The content of a payload. There are two kinds of text, because the receiver must validate text,
/// and some validators are much slower if the text is not ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadKind {
    /// Random bytes.
    Binary,
    /// Text in which every character is one byte long.
    Ascii,
    /// Text in which characters are one to four bytes long.
    Mixed,
}

impl PayloadKind {
    /// All kinds of payload.
    pub const ALL: [Self; 3] = [Self::Binary, Self::Ascii, Self::Mixed];

    /// Returns the kind's name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "ascii",
            Self::Mixed => "mixed",
        }
    }

    const fn opcode(self) -> u8 {
        match self {
            Self::Binary => 2,
            Self::Ascii | Self::Mixed => 1,
        }
    }

    /// Returns `true` if messages of this kind are text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Binary)
    }
}

/// An xorshift generator of pseudorandom numbers. The numbers are the same in every run.
#[derive(Debug)]
pub struct Xorshift(u64);

impl Xorshift {
    /// Creates a generator whose sequence is determined by `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let count = words.len() as u64;
        usize::try_from(self.next() % count).map_or("", |index| words[index])
    }
}

const ASCII_WORDS: [&str; 6] = ["frame ", "to ", "be ", "measured, ", "message ", "\"id\":42, "];

/// Chat text in several languages. Characters take from one byte (such as a space) to four bytes
/// (such as an emoji).
const MIXED_WORDS: [&str; 8] = [
    "naïve café, ",
    "кадры и сообщения ",
    "πλαίσιο ",
    "メッセージを送る ",
    "消息，",
    "메시지 ",
    "🙂🚀 ",
    "plain words ",
];

/// Creates a payload of exactly `len` bytes.
#[must_use]
pub fn payload(kind: PayloadKind, len: usize, seed: u64) -> Vec<u8> {
    let mut generator = Xorshift::new(seed);
    let mut payload = Vec::with_capacity(len + 32);
    while payload.len() < len {
        match kind {
            PayloadKind::Binary => payload.extend_from_slice(&generator.next().to_le_bytes()),
            PayloadKind::Ascii => payload.extend_from_slice(generator.pick(&ASCII_WORDS).as_bytes()),
            PayloadKind::Mixed => payload.extend_from_slice(generator.pick(&MIXED_WORDS).as_bytes()),
        }
    }
    if kind.is_text() {
        // The limit may fall inside a character. Remove all bytes of that character, because an
        // incomplete character is not valid UTF-8. The line after this block fills the gap with
        // spaces.
        let whole = std::str::from_utf8(&payload).map_or(0, |text| text.floor_char_boundary(len));
        payload.truncate(whole);
    }
    payload.resize(len, b' ');
    payload
}

/// Encodes a message in one masked frame, as a client sends it.
#[must_use]
pub fn from_client(kind: PayloadKind, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    masked(0x80 | kind.opcode(), payload, key)
}

/// Encodes a client's message in masked fragments of at most `piece` bytes.
#[must_use]
pub fn fragments_from_client(kind: PayloadKind, payload: &[u8], piece: usize, key: [u8; 4]) -> Vec<u8> {
    let last = payload.len().div_ceil(piece) - 1;
    let frame = |(index, piece): (usize, &[u8])| {
        let opcode = if index == 0 { kind.opcode() } else { 0 };
        let fin = if index == last { 0x80 } else { 0 };
        masked(fin | opcode, piece, key)
    };
    payload.chunks(piece).enumerate().flat_map(frame).collect()
}

/// Encodes a message in one unmasked frame, as a server sends it. The reply of an echo server must
/// equal this frame, byte for byte.
#[must_use]
pub fn from_server(kind: PayloadKind, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind.opcode()];
    push_length(&mut frame, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

/// Encodes the header of a client's frame whose payload has `len` bytes.
#[must_use]
pub fn header_from_client(first_byte: u8, len: usize, key: [u8; 4]) -> Vec<u8> {
    let mut header = vec![first_byte];
    push_length(&mut header, len, 0x80);
    header.extend_from_slice(&key);
    header
}

fn masked(first_byte: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut frame = header_from_client(first_byte, payload.len(), key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Appends the payload length in the shortest of its three forms (RFC 6455, section 5.2).
fn push_length(frame: &mut Vec<u8>, len: usize, mask_bit: u8) {
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..126), _) => frame.push(mask_bit | len),
        (_, Ok(len)) => {
            frame.push(mask_bit | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | 127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hello_is_framed_as_in_section_5_7() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        let masked = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
        assert_eq!(from_client(PayloadKind::Ascii, b"Hello", key), masked);
        assert_eq!(from_server(PayloadKind::Ascii, b"Hello"), b"\x81\x05Hello");
        assert_eq!(
            fragments_from_client(PayloadKind::Ascii, b"Hello", 3, [0; 4]),
            b"\x01\x83\0\0\0\0Hel\x80\x82\0\0\0\0lo"
        );
    }

    #[test]
    fn payloads_have_the_requested_length_and_text_is_utf8() {
        for kind in PayloadKind::ALL {
            for len in [0, 1, 16, 125, 126, 1000, 65_536] {
                let payload = payload(kind, len, 7);
                assert_eq!(payload.len(), len);
                assert!(!kind.is_text() || std::str::from_utf8(&payload).is_ok());
                let header = [2, 4, 10][usize::from(len > 125) + usize::from(len > 65_535)];
                assert_eq!(from_server(kind, &payload).len(), header + len);
            }
        }
    }
}

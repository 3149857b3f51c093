//! Recognises mistakes in a peer's frame headers, from the bytes that came back.
//!
//! ```text
//!   81  7e 7e 00  48 65 6c ...
//!   │   └──┬───┘  └─ the payload that was expected, so the bytes before it are the header
//!   │      └─ instead of 7e 00 7e: the length is written lowest byte first
//!   └─ FIN and the opcode
//! ```

use std::ops::ControlFlow;

use protocol::{
    Limits, Role, Violation,
    frame::{
        LengthForm, MaskingKey, RawHeader, ReservedBits, apply_mask,
        layout::{LENGTH, MASK},
        rules::{self, HeaderContext},
    },
};

use super::symptom::Symptom;

/// The maximum length of a header without its masking key: two bytes, and eight for the length.
const MAX_HEADER: usize = 10;

/// The maximum number of bytes that a sentence quotes: the length of the longest header.
const QUOTED: usize = 14;

/// The smallest payload length that does not fit into the second byte.
const EXTENDED: usize = 126;

const LENGTH_ADVICE: &str = "Write each length in its shortest form: up to 125 in the second byte, up to 65,535 in two \
                             more bytes after 126 (7e), and otherwise in eight more after 127 (7f), the highest byte \
                             first.";

const WHOLE_ADVICE: &str = "Write the whole header, and as many bytes of payload as it announces.";

/// Advice on an incomplete frame whose second byte announces an extended length.
const EXTENDED_ADVICE: &str = "After 126, the length is in the next two bytes, and after 127 in the next eight, the \
                               highest byte first. Read it there, write it there, and write as many bytes of payload as \
                               it announces.";

const SERVER_MASK_ADVICE: &str =
    "Only a client masks its frames: the second byte of a server's frame is the length alone.";

const CLIENT_MASK_ADVICE: &str = "Set the MASK bit of each frame, write four new random bytes after the length, and \
                                  combine byte i of the payload with byte i mod 4 of them by XOR.";

/// Advice on bytes between frames.
pub(crate) const STRAY_ADVICE: &str = "Write nothing after the empty line that ends the request or the response, and \
                                       nothing after the payload of a frame: no line end, and no byte 0.";

/// A diagnosis of bytes that are not a valid frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) symptom: Symptom,
    /// What the peer sent, worded as the object of the verb *sent*.
    pub(crate) what: String,
    /// Advice on the mistake, unless `what` already says enough.
    pub(crate) advice: Option<&'static str>,
}

/// Returns what is wrong with the frame at the beginning of `bytes`, sent by an endpoint with the
/// role `sender`. `expected` is the payload that the frame should have had, if that is known.
/// Returns `None` if there are no bytes, or if the frame is valid and complete.
pub(crate) fn diagnose(bytes: &[u8], sender: Role, expected: Option<&[u8]>) -> Option<Diagnosis> {
    if bytes.is_empty() {
        return None;
    }
    if let Some(line_end) = stray_line_end(bytes, sender) {
        let what = format!("a line end, {}, where a frame must begin", hex(line_end));
        return Some(garbage(what, Some(STRAY_ADVICE)));
    }
    if bytes.starts_with(b"HTTP/1.") {
        let advice = "After the handshake, both endpoints send frames.";
        return Some(garbage("an HTTP response instead of a frame", Some(advice)));
    }
    if expected.is_some_and(|payload| !payload.is_empty() && bytes.starts_with(payload)) {
        let advice = "Each payload needs a header: FIN and the opcode, and then the length.";
        return Some(garbage("the payload without a header", Some(advice)));
    }
    WrittenHeader::find(bytes, sender, expected)
        .and_then(|written| written.mistake(bytes, sender))
        .or_else(|| broken_rule(bytes, sender))
        .or_else(|| incomplete(bytes))
}

/// Returns the line end at the beginning of `bytes`, if a frame follows it.
fn stray_line_end(bytes: &[u8], sender: Role) -> Option<&[u8]> {
    let count = [&b"\r\n"[..], b"\n"].iter().find(|end| bytes.starts_with(end))?.len();
    let (line_end, frame) = bytes.split_at(count);
    let follows = RawHeader::read(frame).is_some() && broken_rule(frame, sender).is_none();
    follows.then_some(line_end)
}

fn garbage(what: impl Into<String>, advice: Option<&'static str>) -> Diagnosis {
    Diagnosis { symptom: Symptom::Garbage, what: what.into(), advice }
}

/// The parts of a header, as the sender seems to have intended them.
struct WrittenHeader {
    /// The number of bytes before the masking key and the payload.
    end: usize,
    has_key: bool,
    payload: usize,
}

impl WrittenHeader {
    /// Finds the header in front of the payload. If the payload is not known, checks whether one of
    /// the usual mistakes explains the number of bytes that have arrived, and if so, returns the
    /// header.
    fn find(bytes: &[u8], sender: Role, expected: Option<&[u8]>) -> Option<Self> {
        let &[_, second, ..] = bytes else { return None };
        let Some(expected) = expected else { return Self::guess(bytes, sender) };
        let payload = expected.len();
        if payload == 0 {
            // There is no payload, so every byte belongs to the header. The masking key, if there
            // is one, comes last.
            let has_key = second & MASK != 0 && bytes.len() >= 2 + 4;
            let end = if has_key { bytes.len() - 4 } else { bytes.len() };
            return (end <= MAX_HEADER).then_some(Self { end, has_key, payload });
        }
        (2..=MAX_HEADER.min(bytes.len())).find_map(|end| {
            let rest = &bytes[end..];
            if rest.starts_with(expected) {
                return Some(Self { end, has_key: false, payload });
            }
            let (&key, masked) = rest.split_first_chunk()?;
            let mut unmasked = masked.get(..payload)?.to_vec();
            apply_mask(&mut unmasked, MaskingKey(key));
            (unmasked == expected).then_some(Self { end, has_key: true, payload })
        })
    }

    fn guess(bytes: &[u8], sender: Role) -> Option<Self> {
        let second = bytes[1];
        let key = if sender == Role::Client { 4 } else { 0 };
        let marker = usize::from(second & LENGTH);
        let rest = |end: usize| bytes.len().checked_sub(end);
        let unmasked = |end, payload| Self { end, has_key: false, payload };
        if marker < EXTENDED && rest(2) == Some(marker) {
            return Some(unmasked(2, marker));
        }
        if marker >= EXTENDED && rest(2 + key) == Some(marker) {
            return Some(Self { end: 2, has_key: key > 0, payload: marker });
        }
        let end = 2 + LengthForm::announced_by(second).extended_bytes();
        let reversed = bytes.get(2..end)?.iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        let payload = rest(end + key)?;
        (marker >= EXTENDED && reversed == payload as u64).then_some(Self { end, has_key: key > 0, payload })
    }

    /// Returns the mistake in the header, or `None` if the header is correct for the payload.
    fn mistake(&self, bytes: &[u8], sender: Role) -> Option<Diagnosis> {
        let &[first, second, ref length @ ..] = &bytes[..self.end] else { return None };
        let right = right_header(first, self.payload, sender);
        let written = hex(&bytes[..self.end]);
        let frame =
            |mistake: String| format!("a frame that begins with {written} instead of {}: {mistake}", hex(&right));
        if second & MASK != 0 && !self.has_key {
            let (symptom, what) = (Symptom::Masking, frame("MASK is set, but no masking key follows".to_owned()));
            let advice = Some(if sender == Role::Server { SERVER_MASK_ADVICE } else { CLIENT_MASK_ADVICE });
            return Some(Diagnosis { symptom, what, advice });
        }
        if second & LENGTH == right[1] & LENGTH && length == &right[2..] {
            return None;
        }
        let announced = LengthForm::announced_by(second).extended_bytes();
        let big_endian = length.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        let mistake = if announced != length.len() {
            format!("after {second:02x}, the length takes {announced} more bytes")
        } else if length.iter().rev().eq(&right[2..]) {
            "the length is written lowest byte first".to_owned()
        } else if big_endian == self.payload as u64 {
            "the length is not in its shortest form".to_owned()
        } else {
            format!("the length is not {}", self.payload)
        };
        Some(garbage(frame(mistake), Some(LENGTH_ADVICE)))
    }
}

/// Returns the correct header for a payload of this length, without the masking key.
fn right_header(first: u8, payload: usize, sender: Role) -> Vec<u8> {
    let mask = if sender == Role::Client { MASK } else { 0 };
    let length = (payload as u64).to_be_bytes();
    match LengthForm::shortest(payload as u64) {
        LengthForm::Seven => vec![first, mask | length[7]],
        LengthForm::Sixteen => vec![first, mask | 126, length[6], length[7]],
        LengthForm::SixtyFour => [&[first, mask | 127], &length[..]].concat(),
    }
}

/// Returns the first rule that the header breaks.
fn broken_rule(bytes: &[u8], sender: Role) -> Option<Diagnosis> {
    let &[first, second, ..] = bytes else { return None };
    // Do not report these violations as mistakes in a header, because separate checks cover the
    // order and the size of messages.
    let stop = |violation| match violation {
        Violation::ContinuationOfNothing | Violation::FrameTooBig { .. } | Violation::MessageTooBig { .. } => {
            ControlFlow::Continue(())
        }
        violation => ControlFlow::Break(violation),
    };
    let violation = match RawHeader::read(bytes) {
        Some(header) => {
            let receiver = if sender == Role::Client { Role::Server } else { Role::Client };
            let limits = &Limits::DEFAULT;
            let context = HeaderContext { receiver, negotiated: ReservedBits::NONE, open_message: None, limits };
            rules::check(&header, &context, stop)
        }
        None => rules::check_first_bytes(first, second, stop),
    };
    let ControlFlow::Break(violation) = violation else { return None };
    let advice = match violation {
        Violation::MaskedFrame => Some(SERVER_MASK_ADVICE),
        Violation::UnmaskedFrame => Some(CLIENT_MASK_ADVICE),
        Violation::LengthNotShortest(_) | Violation::LengthTopBitSet(_) => Some(LENGTH_ADVICE),
        Violation::ReservedBitsSet(_) => {
            Some("No extension was negotiated, so the three reserved bits of the first byte are 0.")
        }
        _ => None,
    };
    Some(garbage(format!("a frame that breaks a rule: {violation}"), advice))
}

/// Returns a diagnosis that says how much of an incomplete frame has arrived, or `None` if the
/// frame is complete.
fn incomplete(bytes: &[u8]) -> Option<Diagnosis> {
    let what = match RawHeader::read(bytes) {
        None => format!("the beginning of a frame header, {}, and nothing more", hex(bytes)),
        Some(header) => {
            let (announced, end) = (header.payload_length, header.header_len());
            let arrived = bytes.len() - end;
            if arrived as u64 >= announced {
                return None;
            }
            let header = hex(&bytes[..end]);
            format!(
                "only a part of a frame: its header, {header}, announces {announced} bytes of payload, and {arrived} arrived"
            )
        }
    };
    let has_extended_length = bytes.get(1).is_some_and(|second| usize::from(second & LENGTH) >= EXTENDED);
    let advice = Some(if has_extended_length { EXTENDED_ADVICE } else { WHOLE_ADVICE });
    Some(Diagnosis { symptom: Symptom::Incomplete, what, advice })
}

/// Returns the first few bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let shown: Vec<_> = bytes.iter().take(QUOTED).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ") + if bytes.len() > QUOTED { " ..." } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_server(bytes: &[u8], expected: Option<&[u8]>, part: &str) {
        assert_sender(Role::Server, bytes, expected, part);
    }

    #[track_caller]
    fn assert_client(bytes: &[u8], expected: Option<&[u8]>, part: &str) {
        assert_sender(Role::Client, bytes, expected, part);
    }

    #[track_caller]
    fn assert_sender(sender: Role, bytes: &[u8], expected: Option<&[u8]>, part: &str) {
        let diagnosis = diagnose(bytes, sender, expected);
        assert!(diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.what.contains(part)), "{part:?}: {diagnosis:?}");
    }

    #[test]
    fn a_valid_frame_has_no_mistake() {
        assert_eq!(diagnose(b"", Role::Server, None), None);
        assert_eq!(diagnose(b"\x81\x05Hello", Role::Server, Some(b"Hello")), None);
        assert_eq!(diagnose(b"\x81\x05World", Role::Server, Some(b"Hello")), None);
        assert_eq!(diagnose(b"\x81\x00", Role::Server, Some(b"")), None);
        assert_eq!(diagnose(b"\x81\x85\0\0\0\0Hello", Role::Client, Some(b"Hello")), None);
        assert_eq!(diagnose(b"\x81\x80abcd", Role::Client, Some(b"")), None);
    }

    #[test]
    fn mistakes_are_recognised_by_the_payload() {
        let payload = [b'x'; 126];
        let frame = |header: &[u8]| [header, &payload].concat();
        for (header, part) in [
            (&b"\x81\x7e\x7e\x00"[..], "the length is written lowest byte first"),
            (b"\x81\x7e", "after 7e, the length takes 2 more bytes"),
            (b"\x81\x7f\x00\x7e", "after 7f, the length takes 8 more bytes"),
            (b"\x81\x7f\0\0\0\0\0\0\0\x7e", "the length is not in its shortest form"),
            (b"\x81\xfe\x00\x7e", "MASK is set, but no masking key follows"),
            (b"\x81\x7d", "the length is not 126"),
            (b"", "the payload without a header"),
        ] {
            assert_server(&frame(header), Some(&payload), part);
        }
        // Neither of the last two bytes of this length is 0, so both must be read.
        let long = [&b"\x81\x7f\0\0\0\0\0\0\x01\x2c"[..], &[b'x'; 300]].concat();
        assert_server(&long, Some(&[b'x'; 300]), "the length is not in its shortest form");
        assert_server(b"\x81\x80", Some(b""), "81 80 instead of 81 00: MASK is set, but no masking key follows");
        assert_server(b"\x81\x7e\0\0", Some(b""), "the length is not in its shortest form");
    }

    /// In a frame without a payload, the key is the last part of the header.
    #[test]
    fn mistakes_in_the_header_of_an_empty_frame_are_recognised_with_and_without_a_key() {
        for (bytes, part) in [
            (&b"\x81\x7f\0\0\0\0\0\0\0\0"[..], "81 7f 00 00 00 00 00 00 00 00 instead of 81 80: the length is not in"),
            (b"\x81\xfe\0\0key!", "81 fe 00 00 instead of 81 80: the length is not in its shortest form"),
            (b"\x81\x80key", "81 80 6b 65 79 instead of 81 80: MASK is set, but no masking key follows"),
        ] {
            assert_client(bytes, Some(b""), part);
        }
        assert_server(b"\x81\x80key!", Some(b""), "a server's frames must not be masked");
    }

    #[test]
    fn mistakes_are_recognised_by_the_number_of_bytes() {
        let frame = |header: &[u8], count| [header, &vec![b'x'; count]].concat();
        assert_server(b"\x81\x80", None, "MASK is set, but no masking key follows");
        assert_server(&frame(b"\x81\xfe", 126), None, "MASK is set, but no masking key follows");
        assert_client(&frame(b"\x81\xfekey!", 126), None, "after fe, the length takes 2 more bytes");
        // Four of these bytes may be the masking key, so the payload may be incomplete.
        assert_client(&frame(b"\x81\xfe", 126), None, "only a part of a frame");
        let lowest_first = frame(b"\x81\x7f\0\0\x01\0\0\0\0\0", 1 << 16);
        let instead = "instead of 81 7f 00 00 00 00 00 01 00 00: the length is written lowest byte first";
        assert_server(&lowest_first, None, instead);
        assert_server(&frame(b"\x81\xfe\x7e\x00", 126), None, "MASK is set, but no masking key follows");
        assert_server(&frame(b"\x81\x7e\x7e\x00", 126), None, "the length is written lowest byte first");
        assert_server(&frame(b"\x82\x7e", 126), None, "after 7e, the length takes 2 more bytes");
        assert_server(b"\x81\x85Hello", None, "MASK is set, but no masking key follows");
    }

    #[test]
    fn a_masked_payload_is_found_too() {
        let frame = |length: &[u8]| {
            let mut payload = vec![b'x'; 126];
            apply_mask(&mut payload, MaskingKey(*b"key!"));
            [b"\x81\xfe", length, b"key!", &payload].concat()
        };
        assert_eq!(diagnose(&frame(b"\x00\x7e"), Role::Client, Some(&[b'x'; 126])), None);
        for expected in [None, Some(&[b'x'; 126][..])] {
            let diagnosis = diagnose(&frame(b"\x7e\x00"), Role::Client, expected).expect("a mistake");
            let instead = "81 fe 7e 00 instead of 81 fe 00 7e: the length is written lowest byte first";
            assert!(diagnosis.what.contains(instead), "{diagnosis:?}");
        }
    }

    #[test]
    fn a_broken_rule_is_named() {
        assert_server(b"\xc1\x05Hello", None, "RSV1");
        assert_server(b"\x83\x00", None, "opcode 0x3 is reserved");
        assert_server(b"\x8a\x7e\x00\x7e", None, "a Pong frame holds at most 125 bytes");
        assert_server(b"\x09\x00", None, "a Ping frame must not be fragmented");
        assert_server(b"\x81\x85abcdHello", None, "a server's frames must not be masked");
        assert_server(b"\r\n\x81\x02Hi", None, "a line end, 0d 0a");
        assert_server(b"\n\x05Hello", None, "a Pong frame must not be fragmented");
        assert_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", None, "an HTTP response");
    }

    #[test]
    fn the_advice_fits_to_the_mistake_and_to_the_role() {
        let advice = |bytes: &[u8], sender| diagnose(bytes, sender, None).expect("a mistake").advice;
        for masked in [&b"\x81\x85abcdHello"[..], b"\x81\x85Hello"] {
            assert_eq!(advice(masked, Role::Server), Some(SERVER_MASK_ADVICE));
        }
        for unmasked in [&b"\x81\x05Hello"[..], b"\x81\x85Hello"] {
            assert_eq!(advice(unmasked, Role::Client), Some(CLIENT_MASK_ADVICE));
        }
        for length in [&b"\x81\x7e\x00\x01x"[..], b"\x81\x7f\x80\0\0\0\0\0\0\0"] {
            assert_eq!(advice(length, Role::Server), Some(LENGTH_ADVICE));
        }
        assert!(advice(b"\xc1\x05Hello", Role::Server).is_some_and(|advice| advice.contains("three reserved bits")));
        assert_eq!(advice(b"\x83\x00", Role::Server), None);
    }

    /// The order and the size of messages are not diagnosed here, because separate checks cover
    /// them.
    #[test]
    fn an_orphan_and_a_frame_of_any_size_are_valid_headers() {
        assert_eq!(diagnose(b"\x80\x05Hello", Role::Server, None), None);
        assert_server(b"\x82\x7f\x7f\0\0\0\0\0\0\0", None, "only a part of a frame");
    }

    #[test]
    fn a_long_beginning_is_quoted_up_to_the_longest_header() {
        assert_eq!(hex(&[1; 14]), "01 01 01 01 01 01 01 01 01 01 01 01 01 01");
        assert_eq!(hex(&[1; 15]), "01 01 01 01 01 01 01 01 01 01 01 01 01 01 ...");
    }

    #[test]
    fn what_is_missing_is_counted() {
        assert_server(b"\x81\x05Hel", Some(b"Hello"), "81 05, announces 5 bytes of payload, and 3 arrived");
        assert_server(b"\x81", Some(b"Hello"), "the beginning of a frame header, 81, and nothing more");
    }
}

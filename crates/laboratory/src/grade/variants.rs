//! Faults that only the judge sends: variants of the laboratory's own faults.
//!
//! A program that was written to detect one variant of a mistake may miss the others. The probe
//! does not send these variants, because it shows what a finished implementation does, and one
//! example of each mistake is enough for that.

use protocol::frame::{FrameHeader, Opcode};

use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RejectionStatus, RequirementLevel},
    faults::messages,
    frame_builder::FrameBuilder,
    head_editor::HeadEditor,
    payloads::SAMPLE,
    stages::Stages,
};

/// The message before the one that breaks a rule. It is valid, so a program may send it back.
pub(crate) const VALID_MESSAGE: &[u8] = b"before";

/// The length in bytes of the shortest text that needs an extended length.
const LONG_TEXT: usize = 126;

/// A length that does not fit into 32 bits. A program that reads only its lower 32 bits sees
/// 65,536, which it may accept.
const BEYOND_32_BITS: u64 = (1 << 32) + 65_536;

const fn misplaced(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.4",
        description,
        reason: "A message begins with a text or binary frame, goes on with continuation frames, and ends with FIN. \
                 Remember whether a message is unfinished, and check it at every data frame.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(7, 7),
        injection: Injection::Frames(inject),
    }
}

const fn not_utf8(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        reason: "UTF-8 has one way to write each character, and every other sequence is invalid. A complete validator, \
                 such as that of your standard library, knows them all.",
        ..messages::not_utf8(name, description, inject)
    }
}

/// Creates a fault in the request's key that a lenient Base64 decoder would not notice.
const fn lenient_key(name: &'static str, description: &'static str, inject: fn(&mut HeadEditor)) -> Fault {
    Fault {
        name,
        side: FaultySide::Client,
        section: "4.2.1",
        description,
        reason: "Many decoders of Base64 also accept - and _, or a missing =. Check the 24 characters too: 22 of A to Z, a \
                 to z, 0 to 9, + and /, and then ==.",
        level: RequirementLevel::Must,
        expected: Expectation::RejectRequest(RejectionStatus::Error),
        stages: Stages::server(10),
        injection: Injection::Head(inject),
    }
}

pub(crate) static FAULTS: &[Fault] = &[
    misplaced("orphan-fragment", "A continuation frame without FIN arrives, but no message has begun.", |frames| {
        frames.frame_without_fin(Opcode::Continuation, SAMPLE);
    }),
    misplaced("orphan-after-message", "A continuation frame arrives after a message that has ended.", |frames| {
        frames.frame_without_fin(Opcode::Text, &VALID_MESSAGE[..2]);
        frames.frame(Opcode::Continuation, &VALID_MESSAGE[2..]);
        frames.frame(Opcode::Continuation, SAMPLE);
    }),
    misplaced("interleaved-binary", "A binary message begins before a text has ended.", |frames| {
        frames.frame_without_fin(Opcode::Text, b"Hel");
        frames.frame(Opcode::Binary, b"lo");
    }),
    misplaced(
        "interleaved-fragments",
        "The first fragment of a second message arrives before the first message has ended.",
        |frames| {
            frames.frame_without_fin(Opcode::Text, b"Hel");
            frames.frame_without_fin(Opcode::Text, b"Hel");
            frames.frame(Opcode::Continuation, b"lo");
        },
    ),
    not_utf8("invalid-utf8-overlong-3", "A text contains a slash in three bytes, E0 80 AF.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xe0\x80\xaflo");
    }),
    not_utf8("invalid-utf8-overlong-4", "A text contains a slash in four bytes, F0 80 80 AF.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xf0\x80\x80\xaflo");
    }),
    not_utf8(
        "invalid-utf8-low-surrogate",
        "A text contains the second half of a UTF-16 surrogate pair, ED B0 80.",
        |frames| frames.frame(Opcode::Text, b"Hel\xed\xb0\x80lo"),
    ),
    not_utf8("invalid-utf8-f5", "A text contains F5 80 80 80, and F4 is the highest first byte.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xf5\x80\x80\x80lo");
    }),
    not_utf8("invalid-utf8-lone-byte", "A text begins with 80, which only continues a character.", |frames| {
        frames.frame(Opcode::Text, b"\x80Hello");
    }),
    not_utf8("invalid-utf8-long", "A text of 126 bytes ends with the byte FF.", |frames| {
        let mut text = [b'x'; LONG_TEXT];
        text[LONG_TEXT - 1] = 0xff;
        frames.frame(Opcode::Text, &text);
    }),
    Fault {
        name: "frame-too-big-for-32-bits",
        side: FaultySide::Either,
        section: "10.4",
        description: "A frame announces 2^32 + 65,536 bytes, and contains five of them.",
        reason: "The length after 127 has eight bytes. A program that reads only the last four of them takes this one for \
                 65,536.",
        level: RequirementLevel::May,
        expected: Expectation::FailConnection(&[1009]),
        stages: Stages::both(10, 10),
        injection: Injection::Frames(|frames| {
            let header = FrameHeader { payload_length: BEYOND_32_BITS, ..frames.header(Opcode::Binary, SAMPLE) };
            frames.put(&header, SAMPLE);
        }),
    },
    lenient_key("key-without-padding", "The key has 16 bytes, but the == at its end is missing.", |head| {
        head.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ");
    }),
    lenient_key("key-for-urls", "The key has 16 bytes in Base64 for URLs, with - and _ instead of + and /.", |head| {
        head.set("Sec-WebSocket-Key", "-_-_-_-_-_-_-_-_-_-_-w==");
    }),
];

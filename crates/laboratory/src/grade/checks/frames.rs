//! Checks of frame headers, masks, lengths, and frames that arrive in pieces.

use std::time::Duration;

use protocol::frame::{FrameHeader, MaskingKey, Opcode};

use crate::{
    grade::{
        check::{Check, Exercise, Hint, hint},
        script::{Act, Script},
        symptom::Symptom,
    },
    payloads::SAMPLE,
    stages::Stages,
};

/// The time for which the connection must stay open after a frame. A program that ends the
/// connection because of the frame does so at once, so a short time is enough.
const OPEN: Duration = Duration::from_millis(200);

/// The longest payload whose length fits into the second byte.
const SHORT: usize = 125;

/// Returns a text that repeats every 51 bytes. This number is neither a multiple of the key's
/// length nor a power of two, so the usual mistakes in an offset change the result.
fn text(length: usize) -> Vec<u8> {
    (b'a'..=b'z').chain(b'A'..=b'Y').cycle().take(length).collect()
}

const fn length(name: &'static str, title: &'static str, script: fn(&mut Script<'_>), hints: &'static [Hint]) -> Check {
    Check { name, title, stages: Stages::both(4, 4), exercise: Exercise::Conversation(script), hints }
}

const fn short_text(name: &'static str, title: &'static str, script: fn(&mut Script<'_>)) -> Check {
    Check { name, title, stages: Stages::both(3, 4), exercise: Exercise::Conversation(script), hints: UNMASK }
}

/// Creates a check that masks a text with a key of four equal bytes.
const fn text_with_key<const BYTE: u8>(name: &'static str, title: &'static str, hints: &'static [Hint]) -> Check {
    let script: fn(&mut Script<'_>) = |script| {
        script.write(|frames| {
            let masking_key = Some(MaskingKey([BYTE; 4]));
            let header = FrameHeader { masking_key, ..frames.header(Opcode::Text, SAMPLE) };
            frames.put(&header, SAMPLE);
        });
        script.text("the echo", SAMPLE);
    };
    Check { name, title, stages: Stages::server(3), exercise: Exercise::Conversation(script), hints }
}

const fn pieces(name: &'static str, title: &'static str, script: fn(&mut Script<'_>), hints: &'static [Hint]) -> Check {
    Check { name, title, stages: Stages::both(5, 5), exercise: Exercise::Conversation(script), hints }
}

const UNMASK: &[Hint] = &[
    hint(
        &[Symptom::OtherPayload],
        "Byte i of the payload is combined with byte i mod 4 of the key by XOR. The index goes on through the whole \
         payload, also when a read ends inside it.",
    ),
    hint(
        &[Symptom::Masking],
        "Only a client masks its frames: the second byte of a server's frame is the length alone.",
    ),
    hint(
        &[],
        "Read the four bytes of the key and the payload, unmask it, and send it back as 81, the length and the payload.",
    ),
];

const LENGTHS: &[Hint] = &[
    hint(
        &[Symptom::Garbage],
        "The answer needs the shortest form of the length too: up to 125 in one byte, up to 65,535 in two more, and \
         otherwise in eight more, the highest byte first.",
    ),
    hint(
        &[Symptom::CutShort],
        "A long payload arrives in several reads. Wait until all of its bytes have arrived before you unmask it and send \
         it back.",
    ),
    hint(
        &[Symptom::OtherPayload],
        "A long payload arrives in many reads. The index of the masking key goes on where the last read has ended.",
    ),
    hint(
        &[],
        "After 126, the length is in the next two bytes, and after 127 in the next eight, the highest byte first. A \
         program that reads 00 7e in the other order waits for 32,256 bytes.",
    ),
];

const PIECES: &[Hint] = &[hint(
    &[],
    "A read may return any number of bytes. Collect them in a buffer, and take a frame out only when its header and \
     its payload are complete. An incomplete header is not an error.",
)];

const SEVERAL: &[Hint] = &[hint(
    &[],
    "A read may return several frames, and the beginning of another. Take all complete frames out of the buffer before \
     you read again, and keep the rest.",
)];

pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "valid-frame",
        title: "A valid frame",
        stages: Stages::server(2),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.frame(Opcode::Text, SAMPLE));
            // Later stages check the program's answer, so ignore it here.
            script.then(Act::IgnoreFrames);
            script.then(Act::StaysOpen(OPEN));
        }),
        hints: &[hint(
            &[],
            "Nothing is wrong with 81 85: FIN and text, MASK and five bytes. If your program keeps what it reads as text, \
             81 becomes another byte. Keep bytes as bytes.",
        )],
    },
    short_text("text-of-5-bytes", "A text of 5 bytes", |script| {
        script.echo("the echo", Opcode::Text, SAMPLE);
    }),
    short_text("text-of-0-bytes", "A text of 0 bytes", |script| script.echo("the empty echo", Opcode::Text, b"")),
    short_text("text-of-1-byte", "A text of 1 byte", |script| script.echo("the echo", Opcode::Text, b"x")),
    short_text("text-of-125-bytes", "A text of 125 bytes", |script| {
        script.echo("the echo of 125 bytes", Opcode::Text, &text(SHORT));
    }),
    text_with_key::<0x00>(
        "masking-key-of-zeros",
        "A text with the masking key 00 00 00 00",
        &[hint(&[], "A key of zeros is valid, and changes nothing. The MASK bit says whether there is a key.")],
    ),
    text_with_key::<0xff>(
        "masking-key-of-ones",
        "A text with the masking key ff ff ff ff",
        &[hint(&[], "The bytes of the key may have any value, and so have the masked bytes. They are not text.")],
    ),
    Check {
        name: "fresh-masking-keys",
        title: "Four texts",
        stages: Stages::client(3),
        exercise: Exercise::Conversation(|script| {
            for payload in ["one", "two", "three", "four"] {
                script.echo("the echo", Opcode::Text, payload.as_bytes());
            }
            script.then(Act::FreshKeys);
        }),
        hints: &[hint(
            &[],
            "Set the MASK bit of each frame, write four new random bytes after the length, and combine byte i of the \
             payload with byte i mod 4 of them by XOR.",
        )],
    },
    length(
        "text-of-126-bytes",
        "A text of 126 bytes",
        |script| script.echo("the echo of 126 bytes", Opcode::Text, &text(126)),
        LENGTHS,
    ),
    length(
        "text-of-127-bytes",
        "A text of 127 bytes",
        |script| script.echo("the echo of 127 bytes", Opcode::Text, &text(127)),
        LENGTHS,
    ),
    length(
        "text-of-65535-bytes",
        "A text of 65,535 bytes",
        |script| script.echo("the echo of 65,535 bytes", Opcode::Text, &text(65_535)),
        LENGTHS,
    ),
    length(
        "text-of-65536-bytes",
        "A text of 65,536 bytes",
        |script| script.echo("the echo of 65,536 bytes", Opcode::Text, &text(65_536)),
        LENGTHS,
    ),
    pieces(
        "frame-byte-by-byte",
        "A frame byte by byte",
        |script| {
            script.write_bytes(|frames| frames.frame(Opcode::Text, SAMPLE));
            script.text("the echo", SAMPLE);
        },
        PIECES,
    ),
    pieces(
        "half-a-frame",
        "Half a frame, a pause, and the rest",
        |script| {
            // The second half begins in the middle of the payload, at an offset that is not a
            // multiple of four.
            script.write_cut(&[13], |frames| frames.frame(Opcode::Text, b"half of it, and the rest"));
            script.text("the echo", b"half of it, and the rest");
        },
        PIECES,
    ),
    pieces(
        "cut-in-extended-length",
        "A header that is cut inside the extended length",
        |script| {
            script.write_cut(&[3], |frames| frames.frame(Opcode::Text, &text(300)));
            script.text("the echo of 300 bytes", &text(300));
        },
        PIECES,
    ),
    pieces(
        "two-frames-in-one-write",
        "Two frames in one write",
        |script| {
            script.write(|frames| {
                frames.frame(Opcode::Text, b"one");
                frames.frame(Opcode::Text, b"two");
            });
            script.text("the echo of the first frame", b"one");
            script.text("the echo of the second frame", b"two");
        },
        SEVERAL,
    ),
    pieces(
        "five-frames-and-a-half",
        "Five frames and a half, and then the other half",
        |script| {
            let payloads: [&[u8]; 6] = [b"one", b"two", b"three", b"four", b"five", b"six"];
            let bytes = script.build(|frames| {
                for payload in payloads {
                    frames.frame(Opcode::Text, payload);
                }
            });
            // The last four bytes are the last payload and the last byte of its header. A server's
            // header is shorter than a client's, so the cut is counted from the end.
            script.write_pieces(&bytes, &[bytes.len() - 4]);
            let labels =
                ["first", "second", "third", "fourth", "fifth"].map(|_| "the echo of one of five whole frames");
            for (label, payload) in labels.into_iter().chain(["the echo of the frame in two halves"]).zip(payloads) {
                script.text(label, payload);
            }
        },
        SEVERAL,
    ),
    Check {
        name: "first-frame-with-the-handshake",
        title: "The first frame in the same write as the handshake",
        stages: Stages::both(5, 5),
        exercise: Exercise::JoinedConversation(|script| script.echo("the echo", Opcode::Text, SAMPLE)),
        hints: &[hint(
            &[],
            "The bytes after the empty line of the handshake belong to the first frame. Keep them in the buffer. A client \
             must wait for the response, so a server may also end the connection, but it must not lose the frame.",
        )],
    },
];

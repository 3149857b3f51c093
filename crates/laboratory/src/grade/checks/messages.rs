//! Checks of opcodes, control frames, fragments and UTF-8.

use protocol::frame::Opcode;

use crate::{
    frame_builder::FrameBuilder,
    grade::{
        check::{Check, Exercise, Hint, hint},
        script::Script,
        symptom::Symptom,
    },
    payloads::SAMPLE,
    stages::Stages,
};

const fn check(
    stage: u8,
    name: &'static str,
    title: &'static str,
    script: fn(&mut Script<'_>),
    hints: &'static [Hint],
) -> Check {
    Check { name, title, stages: Stages::both(stage, stage), exercise: Exercise::Conversation(script), hints }
}

/// Adds the frames of a message to `frames`, one for each payload.
fn fragments(frames: &mut FrameBuilder<'_>, opcode: Opcode, payloads: &[&[u8]]) {
    for (index, payload) in payloads.iter().enumerate() {
        let opcode = if index == 0 { opcode } else { Opcode::Continuation };
        if index + 1 == payloads.len() {
            frames.frame(opcode, payload);
        } else {
            frames.frame_without_fin(opcode, payload);
        }
    }
}

/// Sends a message in fragments, and expects the echo in one frame.
fn echo_of_fragments(script: &mut Script<'_>, opcode: Opcode, payloads: &[&[u8]]) {
    script.write(|frames| fragments(frames, opcode, payloads));
    script.message("the echo of the whole message", opcode, &payloads.concat());
}

const PONG: &[Hint] = &[
    hint(&[Symptom::OtherPayload, Symptom::CutShort], "A Pong has the same payload as the Ping that it answers."),
    hint(&[], "Answer a Ping, 9, with a Pong, a, that has the same payload."),
];

const JOIN: &[Hint] = &[
    hint(
        &[Symptom::OtherPayload, Symptom::CutShort, Symptom::Fragment],
        "These frames are one message. Join their payloads, and send the echo when the frame with FIN has arrived.",
    ),
    hint(&[Symptom::OtherOpcode], "Send the echo in one frame, with the opcode of the first fragment."),
    hint(&[], "The first frame of a message has its opcode, the others have opcode 0, and only the last one has FIN."),
];

const CUT: &[Hint] = &[hint(
    &[],
    "A fragment may end in the middle of a character. Check the UTF-8 of the whole message, or go on in the middle of \
     the character.",
)];

const WHOLE: &[Hint] = &[hint(&[], "The text is valid UTF-8, so send it back with the same bytes.")];

/// A euro sign has three bytes.
const EURO: &[u8] = "€".as_bytes();

/// The first and last characters that UTF-8 encodes in one, two, three and four bytes, and the
/// characters directly before and after the surrogates.
const LIMITS: &str = "\0\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}";

/// Bytes that are not UTF-8.
const NOT_TEXT: &[u8] = &[0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xe2, 0x82];

pub(super) static CHECKS: &[Check] = &[
    check(
        6,
        "binary-message",
        "A binary message",
        |script| script.echo("the echo", Opcode::Binary, &[0x00, 0xff, 0x80, 0x7f]),
        &[
            hint(&[Symptom::OtherOpcode], "Keep the opcode of the message: binary, 2, comes back as binary."),
            hint(&[], "A binary message has the opcode 2, and its bytes may be any."),
        ],
    ),
    check(
        6,
        "ping-without-payload",
        "A Ping without a payload",
        |script| {
            script.write(|frames| frames.frame(Opcode::Ping, b""));
            script.pong("the Pong", b"");
        },
        PONG,
    ),
    check(
        6,
        "ping-of-5-bytes",
        "A Ping of 5 bytes",
        |script| {
            script.write(|frames| frames.frame(Opcode::Ping, SAMPLE));
            script.pong("the Pong", SAMPLE);
        },
        PONG,
    ),
    check(
        6,
        "ping-of-125-bytes",
        "A Ping of 125 bytes",
        |script| {
            script.write(|frames| frames.frame(Opcode::Ping, &[b'p'; 125]));
            script.pong("the Pong", &[b'p'; 125]);
        },
        PONG,
    ),
    check(
        6,
        "ping-between-texts",
        "A Ping between two texts, all in one write",
        |script| {
            script.write(|frames| {
                frames.frame(Opcode::Text, b"before");
                frames.frame(Opcode::Ping, b"between");
                frames.frame(Opcode::Text, b"after");
            });
            script.text("the echo of the first text", b"before");
            script.pong("the Pong", b"between");
            script.text("the echo of the second text", b"after");
        },
        PONG,
    ),
    check(
        6,
        "unsolicited-pong",
        "A Pong that nobody has asked for",
        |script| {
            script.write(|frames| frames.frame(Opcode::Pong, b"unasked"));
            script.echo("the echo of the text after it", Opcode::Text, SAMPLE);
        },
        &[hint(&[], "A Pong without a Ping is valid. Ignore it.")],
    ),
    check(
        7,
        "two-fragments",
        "A text in two fragments",
        |script| echo_of_fragments(script, Opcode::Text, &[b"Hel", b"lo"]),
        JOIN,
    ),
    check(
        7,
        "binary-fragments",
        "A binary message in two fragments",
        |script| echo_of_fragments(script, Opcode::Binary, &[&[1, 2, 3], &[0xff, 0xfe]]),
        JOIN,
    ),
    check(
        7,
        "ping-between-fragments",
        "A text in three fragments, with a Ping in each gap",
        |script| {
            script.write(|frames| {
                frames.frame_without_fin(Opcode::Text, b"one ");
                frames.frame(Opcode::Ping, b"first gap");
            });
            script.pong("the Pong in the first gap", b"first gap");
            script.write(|frames| {
                frames.frame_without_fin(Opcode::Continuation, b"two ");
                frames.frame(Opcode::Ping, b"second gap");
            });
            script.pong("the Pong in the second gap", b"second gap");
            script.write(|frames| frames.frame(Opcode::Continuation, b"three"));
            script.text("the echo of the whole message", b"one two three");
        },
        &[
            hint(
                &[Symptom::OtherPayload],
                "A control frame between two fragments is not part of the message. Do not join its payload to theirs.",
            ),
            hint(
                &[Symptom::Closed, Symptom::Ended, Symptom::Fragment],
                "A control frame between two fragments changes nothing about the message: its FIN does not end it.",
            ),
            hint(&[], "The message is not complete yet. Answer a Ping at once, not only after the message."),
        ],
    ),
    check(
        7,
        "texts-around-fragments",
        "Texts before and after a binary message in fragments",
        |script| {
            script.echo("the echo of the first text", Opcode::Text, b"before");
            echo_of_fragments(script, Opcode::Binary, &[b"Hel", b"lo"]);
            script.echo("the echo of the last text", Opcode::Text, b"after");
            echo_of_fragments(script, Opcode::Text, &[b"one ", b"two"]);
        },
        &[hint(
            &[],
            "After the frame with FIN, forget the message: its opcode, its payload, and that it was unfinished.",
        )],
    ),
    check(
        7,
        "empty-first-fragment",
        "A message whose first fragment is empty",
        |script| echo_of_fragments(script, Opcode::Text, &[b"", b"Hel", b"lo"]),
        JOIN,
    ),
    check(
        7,
        "empty-middle-fragment",
        "A message whose middle fragment is empty",
        |script| echo_of_fragments(script, Opcode::Text, &[b"Hel", b"", b"lo"]),
        JOIN,
    ),
    check(
        7,
        "empty-last-fragment",
        "A message whose last fragment is empty",
        |script| echo_of_fragments(script, Opcode::Text, &[b"Hel", b"lo", b""]),
        JOIN,
    ),
    check(
        8,
        "character-cut-after-1-byte",
        "A euro sign, cut after its first byte",
        |script| echo_of_fragments(script, Opcode::Text, &[&EURO[..1], &EURO[1..]]),
        CUT,
    ),
    check(
        8,
        "character-cut-after-2-bytes",
        "A euro sign, cut after its second byte",
        |script| echo_of_fragments(script, Opcode::Text, &[&EURO[..2], &EURO[2..]]),
        CUT,
    ),
    check(
        8,
        "character-in-three-fragments",
        "A euro sign in three fragments",
        |script| echo_of_fragments(script, Opcode::Text, &[&EURO[..1], &EURO[1..2], &EURO[2..]]),
        CUT,
    ),
    check(
        8,
        "byte-order-mark",
        "A text that begins with a byte order mark",
        |script| script.echo("the echo", Opcode::Text, "\u{feff}Hello".as_bytes()),
        &[hint(&[], "The byte order mark, EF BB BF, is a character like any other. Send it back.")],
    ),
    check(
        8,
        "characters-at-the-limits",
        "The first and the last character of each length",
        |script| script.echo("the echo", Opcode::Text, LIMITS.as_bytes()),
        WHOLE,
    ),
    check(
        8,
        "text-of-300-euro-signs",
        "A text of 300 euro signs",
        |script| script.echo("the echo", Opcode::Text, "€".repeat(300).as_bytes()),
        WHOLE,
    ),
    check(
        8,
        "binary-is-not-text",
        "Bytes that are not UTF-8, in a binary message",
        |script| script.echo("the echo", Opcode::Binary, NOT_TEXT),
        &[hint(&[], "Only a text must be UTF-8. A binary message may hold any bytes.")],
    ),
];

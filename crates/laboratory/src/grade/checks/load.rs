//! Checks that need many connections.

use protocol::frame::Opcode;

use crate::{
    grade::{
        check::{Check, Exercise, hint},
        script::Script,
    },
    payloads::SAMPLE,
    stages::Stages,
};

/// More connections than a server can afford with one thread for each, but fewer than the 1,024
/// files that Linux lets a process open by default.
const CONNECTIONS: usize = 300;

/// The total size in MiB of the echoes that a client leaves unread: more than TCP's buffers can
/// hold.
const UNREAD: usize = 32;

/// A fragmented text with a Ping between its fragments, a binary message, and then a Close. The
/// judge sends the Close only after the echoes, so this check does not depend on how a program
/// treats messages that arrive right before a Close.
fn whole_conversation(script: &mut Script<'_>) {
    script.write(|frames| {
        frames.frame_without_fin(Opcode::Text, "cut €".as_bytes());
        frames.frame(Opcode::Ping, b"ping");
        frames.frame(Opcode::Continuation, "ro".as_bytes());
        frames.frame(Opcode::Binary, &[0xff; 130]);
    });
    script.pong("the Pong", b"ping");
    script.text("the echo of the text", "cut €ro".as_bytes());
    script.message("the echo of the binary message", Opcode::Binary, &[0xff; 130]);
    script.write(|frames| frames.close(1000, b""));
    script.close("a Close 1000", &[Some(1000)]);
}

fn one_text(script: &mut Script<'_>) {
    script.echo("the echo", Opcode::Text, SAMPLE);
}

pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "cut-at-every-byte",
        title: "A whole conversation, cut at every byte",
        stages: Stages::server(11),
        exercise: Exercise::EveryCut(whole_conversation),
        hints: &[hint(&[], "The answers must not depend on the cuts: TCP may make them anywhere.")],
    },
    Check {
        name: "many-at-once",
        title: "300 connections at once, each half-way through a frame",
        stages: Stages::server(12),
        exercise: Exercise::ManyAtOnce(CONNECTIONS, one_text),
        hints: &[hint(
            &[],
            "A thread for each connection costs too much here. A task of an asynchronous runtime costs some kilobytes.",
        )],
    },
    Check {
        name: "never-reads",
        title: "A client that reads none of its 32 MiB of echoes",
        stages: Stages::server(12),
        exercise: Exercise::NeverReads(UNREAD, one_text),
        hints: &[hint(&[], "A write to a client that does not read must not hold up the other clients.")],
    },
];

//! Describes an interleaving as a conversation, in the dissector's words.

use std::fmt::Write;

use dissector::{Conversation, Direction, Options, Record};
use protocol::Role;
use testkit::frames::peer_of;

use crate::{
    action::{Action, Cause},
    search::Counterexample,
    side::{Happened, name},
    world::{Setup, World},
};

/// Describes a counterexample: its steps, one per line, and the property that it breaks.
#[must_use]
pub fn describe(setup: &Setup, counterexample: &Counterexample) -> String {
    let Counterexample { path, ending, broken } = counterexample;
    let mut world = World::new(setup);
    // Dissect the written bytes separately from the bytes that were read, because bytes can be lost
    // on the wire.
    let mut written = Conversation::after_handshake(Options::default());
    let mut read = Conversation::after_handshake(Options::default());
    let mut lines = String::new();
    for (number, action) in path.iter().enumerate() {
        if let Some((_, kind)) = ending.filter(|(begin, _)| *begin == number) {
            let _ = writeln!(lines, "      {kind}");
        }
        let (role, step) = words(*action);
        let line = match world.apply(*action) {
            Ok(Happened::Nothing) => step,
            Ok(Happened::Other(what)) if step.is_empty() => what,
            Ok(Happened::Other(what)) => format!("{step}, {what}"),
            Ok(Happened::Written(bytes)) => {
                let step = if step.is_empty() { "writes" } else { &step };
                format!("{step}: {}", frames(&mut written, Direction::from_sender(role), &bytes))
            }
            Ok(Happened::Read(bytes)) => {
                format!("reads: {}", frames(&mut read, Direction::from_sender(peer_of(role)), &bytes))
            }
            Err(_) if step.is_empty() => "goes on, and breaks the property".to_owned(),
            Err(_) => format!("{step}, and breaks the property"),
        };
        let _ = writeln!(lines, "{:4}. {} {line}", number + 1, name(role));
    }
    let _ = writeln!(lines, "Broken: {}.\n        {}.", broken.property, broken.found);
    lines
}

/// Returns the summaries of the frames that `bytes` complete, and the length of an incomplete frame
/// after them.
fn frames(conversation: &mut Conversation, direction: Direction, bytes: &[u8]) -> String {
    let mut summaries = Vec::new();
    conversation.push(direction, bytes, None, &mut |record: Record| {
        let rules: Vec<String> = record.findings.iter().map(|finding| finding.rule.name()).collect();
        let rules = if rules.is_empty() { String::new() } else { format!(" [{}]", rules.join(", ")) };
        summaries.push(record.summary + &rules);
    });
    if let Some(partial) = conversation.partial(direction) {
        let plural = if partial.length == 1 { "" } else { "s" };
        summaries.push(format!("{} byte{plural} of a frame", partial.length));
    }
    summaries.join("; ")
}

/// Returns the side that takes a step, and the step in words.
fn words(action: Action) -> (Role, String) {
    match action {
        Action::Cause(role, Cause::ReachDeadline) => (role, "reaches its deadline".to_owned()),
        Action::Cause(role, cause) => (role, cause.to_string()),
        // Leave the words empty, because the line for such a step shows only its effect.
        Action::Transmit(role, _) | Action::FailWrite(role) | Action::Read(role, _) => (role, String::new()),
        Action::ReadEnd(role) => (role, "reads the end of the stream".to_owned()),
        Action::Poll(role) => (role, "polls for an event".to_owned()),
        Action::Wake(role) => (role, "handles its deadline".to_owned()),
    }
}

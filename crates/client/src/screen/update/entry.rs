//! Handles Enter and Tab in the input line.

use websocket::protocol::State;

use super::completion_list::completion_list;
use crate::{
    address,
    screen::{
        command::{self, action::Action},
        event::Effect,
        link_command::{LinkCommand, NewConnection},
        model::{Model, transcript::Speaker},
    },
};

/// Carries out the input line. If it is invalid or cannot be sent, the line stays, so that the user
/// can correct it.
pub(super) fn enter(model: &mut Model) -> Vec<Effect> {
    let action = match command::parse(model.editor.text()) {
        Ok(action) => action,
        Err(sentence) => {
            model.hint = Some(sentence);
            return Vec::new();
        }
    };
    if let Action::Link(command) = &action
        && !is_possible(command, model.state)
    {
        let advice = match model.state {
            State::Connecting => "wait until it is open",
            _ => {
                // The next line is `/reconnect`, so make room for it. The history keeps this one.
                model.editor.take();
                "/reconnect opens a new one, and ↑ brings your line back"
            }
        };
        model.hint = Some(format!("not sent: the connection is {}; {advice}", model.state));
        return Vec::new();
    }
    if let Action::Reconnect { address: Some(address), .. } = &action {
        match resolve(&model.url, address) {
            Ok(url) => model.url = url,
            Err(sentence) => {
                model.hint = Some(sentence);
                return Vec::new();
            }
        }
    }
    let line = model.editor.take();
    model.transcript.follow();
    match action {
        Action::Link(command) => {
            let shown = if let LinkCommand::Text(text) = &command { text } else { &line };
            model.transcript.add(Speaker::User, shown);
            vec![Effect::Link(command)]
        }
        Action::Reconnect { deflate, .. } => {
            model.transcript.add(Speaker::User, &line);
            // The user is done with the frames of the old connection.
            model.follow_records();
            vec![Effect::Link(LinkCommand::Reconnect(NewConnection { url: model.url.clone(), deflate }))]
        }
        Action::Save(path) => {
            let text = model.saved_wire(&path);
            vec![Effect::Save(path, text)]
        }
        Action::Help => {
            model.help = Some(0);
            Vec::new()
        }
    }
}

/// Returns the URL that an address, or a path on the current server, stands for.
fn resolve(current: &str, address: &str) -> Result<String, String> {
    let current = address::parse(current)?;
    Ok(address::parse_from(&current, address)?.to_string())
}

/// Returns whether the link can carry out the command in this state of the connection.
fn is_possible(command: &LinkCommand, state: State) -> bool {
    match command {
        // A masking key can be chosen in advance, for the next connection.
        LinkCommand::Mask(_) | LinkCommand::Reconnect(_) => true,
        LinkCommand::Raw(_) => matches!(state, State::Open | State::Closing),
        _ => state == State::Open,
    }
}

/// Completes the input line, lists the possible completions, or moves the focus.
pub(super) fn complete(model: &mut Model) {
    let lines = command::completions(model.editor.text());
    match lines.as_slice() {
        // The user is typing a command that cannot be completed. Moving the focus would interrupt
        // the typing, so do nothing.
        [] if model.editor.text().starts_with('/') => {}
        [] => model.step_focus(true),
        [line] => {
            let spec = command::find(line);
            model.hint = spec.map(|command| format!("{} {}: {}", command.name, command.usage, command.help));
            model.editor.set(&format!("{line} "));
        }
        lines => {
            model.editor.set(command::common_prefix(lines));
            let last_words: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
            let (list, next) = completion_list(&last_words, model.next_completion, usize::from(model.size.0));
            model.hint = Some(list);
            model.next_completion = next;
        }
    }
}

//! Handles Enter and Tab in the input line.

use websocket::protocol::{State, handshake::ClientRequest};

use super::completion_list::completion_list;
use crate::{
    address,
    screen::{
        command::{
            self,
            action::{Action, ReconnectOptions},
        },
        event::Effect,
        layout,
        link_command::{LinkCommand, NewConnection},
        model::{Model, focus::Focus, transcript::Speaker},
    },
};

/// Carries out the input line. An invalid line stays so that the user can correct it, and the hint
/// says how to empty it. A line for the server also stays while the connection is being opened. If
/// the connection is closing or closed, such a line moves to the history.
pub(super) fn enter(model: &mut Model) -> Vec<Effect> {
    let action = match command::parse(model.editor.text()) {
        Ok(action) => action,
        Err(sentence) => {
            model.hint = Some(refusal(&sentence));
            return Vec::new();
        }
    };
    if let Action::Link(command) = &action
        && !is_possible(command, model.state)
    {
        let advice = match model.state {
            State::Connecting => "wait until it is open",
            _ => {
                // The hint suggests `/reconnect` as the next line, so empty the input. The history
                // keeps the line that could not be sent.
                model.editor.take();
                "/reconnect opens a new one, and ↑ brings your line back"
            }
        };
        model.hint = Some(format!("not sent: the connection is {}; {advice}", model.state));
        return Vec::new();
    }
    let line = model.editor.take();
    model.transcript.follow();
    match action {
        Action::Link(command) => {
            let shown = if let LinkCommand::Text(text) = &command { text } else { &line };
            model.transcript.add(Speaker::User, shown);
            if let LinkCommand::Slow(pause, _) = &command {
                // The wire pane does not show the frame until its last byte has been sent, so
                // follow the newest records in the meantime.
                model.follow_records();
                let pause = pause.as_millis();
                let notice = format!("sending a byte every {pause} ms: the wire shows the frame after the last byte");
                model.transcript.add(Speaker::Notice, &notice);
            }
            vec![Effect::Link(command)]
        }
        Action::Reconnect(options) => match new_connection(&model.url, options) {
            Ok(connection) => {
                model.transcript.add(Speaker::User, &line);
                // The user is done with the frames of the old connection, so show those of the new
                // one.
                model.follow_records();
                model.url.clone_from(&connection.url);
                vec![Effect::Link(LinkCommand::Reconnect(connection))]
            }
            Err(sentence) => {
                model.editor.set(&line);
                model.hint = Some(refusal(&sentence));
                Vec::new()
            }
        },
        Action::Save(path) => {
            let text = model.saved_wire(&path);
            vec![Effect::Save(path, text)]
        }
        Action::Lesson(command) => {
            model.command_lessons(command);
            if model.lessons.is_shown() && layout::is_small(model.size) {
                model.focus = Focus::Lesson;
            }
            Vec::new()
        }
        Action::Help => {
            model.help = Some(0);
            Vec::new()
        }
    }
}

/// Returns the hint to show when an invalid line stays in the input.
fn refusal(sentence: &str) -> String {
    format!("{sentence} (Ctrl-U empties the line)")
}

/// Returns the new connection, which will replace the connection to the address `current`.
///
/// # Errors
/// Returns a sentence that explains why the address or the subprotocol cannot be used.
fn new_connection(current: &str, options: ReconnectOptions) -> Result<NewConnection, String> {
    let ReconnectOptions { address, deflate, subprotocol } = options;
    let current = address::parse(current)?;
    let uri = match address {
        Some(address) => address::parse_from(&current, &address)?,
        None => current,
    };
    let url = uri.to_string();
    if let Some(name) = &subprotocol {
        // Check the subprotocol's name here, so that the user can correct the line before the link
        // closes the old connection.
        ClientRequest::new(uri).subprotocol(name).map_err(|usage_error| usage_error.to_string())?;
    }
    Ok(NewConnection { url, deflate, subprotocol })
}

/// Returns `true` if the link can carry out the command while the connection is in this state.
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

//! The commands of the input line. Parsing, completion and `/help` all use the same table.
//!
//! ```text
//!   hello             the text "hello"
//!   //hello           the text "/hello"
//!   /ping [text]      a command: its name and, after the first space, its argument
//! ```
//!
//! To add a command, add a row to [`COMMANDS`] and a function that turns the argument into an
//! [`Action`]. The row can also list possible arguments, which Tab completes.

pub(crate) mod action;
mod argument;

use self::{
    action::Action,
    argument::{ArgumentError, breakable_rules, close_codes, lesson_arguments, no_candidates, reconnect_options},
};
use super::link_command::LinkCommand;

/// A row of the table of commands, [`COMMANDS`].
pub(crate) struct CommandSpec {
    /// The name, including the slash.
    pub(crate) name: &'static str,
    /// The arguments, in the notation that `/help` uses.
    pub(crate) usage: &'static str,
    /// One line of explanation.
    pub(crate) help: &'static str,
    /// Returns the arguments that Tab offers.
    candidates: fn() -> Vec<String>,
    /// Turns the argument into an action.
    parse: fn(&str) -> Result<Action, ArgumentError>,
}

/// Every command, in the order in which `/help` lists them.
pub(crate) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: "/ping",
        usage: "[text]",
        help: "send a Ping; the status shows its round-trip time",
        candidates: no_candidates,
        parse: argument::ping,
    },
    CommandSpec {
        name: "/pong",
        usage: "[text]",
        help: "send an unsolicited Pong",
        candidates: no_candidates,
        parse: argument::pong,
    },
    CommandSpec {
        name: "/close",
        usage: "[code] [reason]",
        help: "send a Close: 1000-1003, 1007-1014, 3000-4999",
        candidates: close_codes,
        parse: argument::close,
    },
    CommandSpec {
        name: "/binary",
        usage: "HEX | @FILE",
        help: "send a binary message",
        candidates: no_candidates,
        parse: argument::binary,
    },
    CommandSpec {
        name: "/fragment",
        usage: "N[+ping] text",
        help: "send a text in N frames; +ping: Ping after the 1st",
        candidates: no_candidates,
        parse: argument::fragment,
    },
    CommandSpec {
        name: "/raw",
        usage: "HEX",
        help: "write bytes into the stream, unchecked",
        candidates: no_candidates,
        parse: argument::raw,
    },
    CommandSpec {
        name: "/slow",
        usage: "N text",
        help: "send a text with N ms between its bytes",
        candidates: no_candidates,
        parse: argument::slow,
    },
    CommandSpec {
        name: "/mask",
        usage: "HEX",
        help: "choose the masking key of the next frame, 4 bytes",
        candidates: no_candidates,
        parse: argument::mask,
    },
    CommandSpec {
        name: "/break",
        usage: "RULE",
        help: "break a rule and test the server; Tab lists rules",
        candidates: breakable_rules,
        parse: argument::break_rule,
    },
    CommandSpec {
        name: "/reconnect",
        usage: "[URL]",
        help: "close, and open a new connection; Tab: options",
        candidates: reconnect_options,
        parse: argument::reconnect,
    },
    CommandSpec {
        name: "/save",
        usage: "FILE",
        help: "save the bytes on the wire (.json: JSON lines)",
        candidates: no_candidates,
        parse: argument::save,
    },
    CommandSpec {
        name: "/lesson",
        usage: "[N | WORD]",
        help: "small tasks, checked on the wire; hint, next, off",
        candidates: lesson_arguments,
        parse: argument::lesson,
    },
    CommandSpec { name: "/help", usage: "", help: "show this help", candidates: no_candidates, parse: argument::help },
];

/// Parses an input line.
///
/// # Errors
/// Returns a sentence that explains the error and says what to write.
pub(crate) fn parse(line: &str) -> Result<Action, String> {
    if let Some(text) = line.strip_prefix("//") {
        return Ok(Action::Link(LinkCommand::Text(format!("/{text}"))));
    }
    if !line.starts_with('/') {
        return Ok(Action::Link(LinkCommand::Text(line.to_owned())));
    }
    let (name, argument) = line.split_once(' ').unwrap_or((line, ""));
    match find(name) {
        Some(command) => (command.parse)(argument).map_err(|error| match error {
            ArgumentError::Syntax(sentence) => {
                format!("{sentence}; usage: {name} {}", command.usage).trim_end().to_owned()
            }
            ArgumentError::Value(sentence) => sentence,
        }),
        None => {
            Err(format!("there is no command {name}; /help lists them, and // starts a text that begins with a slash"))
        }
    }
}

/// Returns every line that completes `line`, which is the beginning of a command.
pub(crate) fn completions(line: &str) -> Vec<String> {
    let Some((name, _)) = line.split_once(' ') else {
        let names = COMMANDS.iter().map(|command| command.name);
        return names.filter(|name| line.starts_with('/') && name.starts_with(line)).map(str::to_owned).collect();
    };
    let Some(command) = find(name) else { return Vec::new() };
    let lines = (command.candidates)().into_iter().map(|argument| format!("{name} {argument}"));
    lines.filter(|complete| complete.starts_with(line)).collect()
}

/// Returns the command with this name. The name includes the slash.
pub(crate) fn find(name: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Returns the longest common prefix of these lines.
pub(crate) fn common_prefix(lines: &[String]) -> &str {
    let Some((first, others)) = lines.split_first() else { return "" };
    let same = |other: &String| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = others.iter().map(same).min().unwrap_or(first.len());
    &first[..first.floor_char_boundary(length)]
}

#[cfg(test)]
mod tests;

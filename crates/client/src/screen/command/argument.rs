//! Parses the arguments of the commands.

use std::time::Duration;

use laboratory::{Role, faults};
use websocket::protocol::{CloseCode, CloseFrame, frame::MaskingKey, limits::MAX_CONTROL_PAYLOAD};

use super::action::{Action, ReconnectOptions};
use crate::{
    screen::{
        lesson::{progress::LessonCommand, table::LESSONS},
        link_command::LinkCommand,
    },
    suggest::closest,
};

/// The reason why an argument cannot be used. Contains a sentence that explains the error and says
/// what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArgumentError {
    /// The argument does not have the form that the command requires. The error message then
    /// repeats the command's usage.
    Syntax(String),
    /// The argument has the right form, but its value cannot be used.
    Value(String),
}

fn syntax<T>(sentence: impl Into<String>) -> Result<T, ArgumentError> {
    Err(ArgumentError::Syntax(sentence.into()))
}

fn value<T>(sentence: impl Into<String>) -> Result<T, ArgumentError> {
    Err(ArgumentError::Value(sentence.into()))
}

/// Returns no candidates, for commands whose arguments cannot be listed.
pub(super) fn no_candidates() -> Vec<String> {
    Vec::new()
}

/// Returns the registered codes below 3000 that a client may send, and 4000, the first code for
/// private use.
pub(super) fn close_codes() -> Vec<String> {
    (1000..=4000)
        .map(CloseCode)
        .filter(|code| code.is_sendable() && !(3000..4000).contains(&code.0))
        .map(|code| code.0.to_string())
        .collect()
}

/// Returns the names of the rules that can be broken on an open connection.
pub(super) fn breakable_rules() -> Vec<String> {
    faults::sent_by(Role::Client).filter(|fault| !fault.is_in_handshake()).map(|fault| fault.name.to_owned()).collect()
}

/// Returns possible arguments of `/reconnect`: its options, and some paths of the program `server`.
pub(super) fn reconnect_options() -> Vec<String> {
    ["--deflate", "-s chat /chat", "/", "/echo"].map(str::to_owned).to_vec()
}

/// Returns the arguments of `/lesson`.
pub(super) fn lesson_arguments() -> Vec<String> {
    let numbers = (1..=LESSONS.len()).map(|number| number.to_string());
    ["hint", "next", "off"].map(str::to_owned).into_iter().chain(numbers).collect()
}

pub(super) fn ping(argument: &str) -> Result<Action, ArgumentError> {
    control_payload(argument).map(|payload| Action::Link(LinkCommand::Ping(payload)))
}

pub(super) fn pong(argument: &str) -> Result<Action, ArgumentError> {
    control_payload(argument).map(|payload| Action::Link(LinkCommand::Pong(payload)))
}

fn control_payload(argument: &str) -> Result<Vec<u8>, ArgumentError> {
    match argument.len() {
        0..=MAX_CONTROL_PAYLOAD => Ok(argument.as_bytes().to_vec()),
        length => value(format!(
            "a control frame carries at most {MAX_CONTROL_PAYLOAD} bytes, but this text has {length}; shorten it"
        )),
    }
}

pub(super) fn close(argument: &str) -> Result<Action, ArgumentError> {
    let (number, reason) = argument.split_once(' ').unwrap_or((argument, ""));
    let code = match number {
        "" => CloseCode::NORMAL,
        number => match number.parse() {
            Ok(number) => CloseCode(number),
            Err(_) => return syntax(format!("'{number}' is not a close code")),
        },
    };
    // The engine would also reject an invalid code or reason, but only after the input line has
    // been emptied. Check both here, so that the user can still correct the line.
    let frame = CloseFrame::new(code, reason).map_err(|usage_error| ArgumentError::Value(usage_error.to_string()))?;
    Ok(Action::Link(LinkCommand::Close(frame.code(), reason.to_owned())))
}

pub(super) fn binary(argument: &str) -> Result<Action, ArgumentError> {
    Ok(Action::Link(match argument.strip_prefix('@') {
        Some("") => return syntax("the path of a file is missing after the @"),
        Some(path) => LinkCommand::File(path.into()),
        None => LinkCommand::Binary(hex(argument)?),
    }))
}

/// The maximum number of frames for `/fragment`. More frames would show nothing new, and each would
/// cost a header.
const FRAGMENTS_MAX: usize = 1000;

pub(super) fn fragment(argument: &str) -> Result<Action, ArgumentError> {
    let (how, text) = argument.split_once(' ').unwrap_or((argument, ""));
    let (number, ping) = match how.strip_suffix("+ping") {
        Some(number) => (number, true),
        None => (how, false),
    };
    match number.parse() {
        Ok(count @ 1..=FRAGMENTS_MAX) => {
            Ok(Action::Link(LinkCommand::Fragments { count, ping, text: text.to_owned() }))
        }
        _ => syntax(format!("'{how}' is not a number of frames from 1 to {FRAGMENTS_MAX}")),
    }
}

pub(super) fn raw(argument: &str) -> Result<Action, ArgumentError> {
    match hex(argument)? {
        bytes if bytes.is_empty() => syntax("the bytes are missing"),
        bytes => Ok(Action::Link(LinkCommand::Raw(bytes))),
    }
}

/// The maximum interval for `/slow`, in milliseconds. Ten seconds per byte is slow enough to test a
/// server's time-outs.
const SLOW_MAX: u64 = 10_000;

pub(super) fn slow(argument: &str) -> Result<Action, ArgumentError> {
    let (number, text) = argument.split_once(' ').unwrap_or((argument, ""));
    match number.parse() {
        Ok(milliseconds @ 1..=SLOW_MAX) => {
            Ok(Action::Link(LinkCommand::Slow(Duration::from_millis(milliseconds), text.to_owned())))
        }
        _ => syntax(format!("'{number}' is not a number of milliseconds from 1 to {SLOW_MAX}")),
    }
}

pub(super) fn mask(argument: &str) -> Result<Action, ArgumentError> {
    match hex(argument)?.try_into() {
        Ok(key) => Ok(Action::Link(LinkCommand::Mask(MaskingKey(key)))),
        Err(_) => value("a masking key has four bytes, such as 37fa213d"),
    }
}

pub(super) fn break_rule(argument: &str) -> Result<Action, ArgumentError> {
    let name = argument.trim();
    match faults::find(Role::Client, name) {
        None if name.is_empty() => syntax("the name of a rule is missing; Tab lists them"),
        None => value(match closest(name, breakable_rules().iter().map(String::as_str)) {
            Some(known) => format!("there is no rule '{name}'; did you mean '{known}'? Tab lists them"),
            None => format!("there is no rule '{name}'; Tab lists them"),
        }),
        Some(fault) if fault.is_in_handshake() => value(format!(
            "this rule can be broken only during the handshake; run: client --probe --probe-only {}",
            fault.name
        )),
        Some(fault) => Ok(Action::Link(LinkCommand::Break(fault.name))),
    }
}

pub(super) fn reconnect(argument: &str) -> Result<Action, ArgumentError> {
    let mut options = ReconnectOptions::default();
    let mut words = argument.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--deflate" => options.deflate = true,
            "-s" | "--subprotocol" => match words.next() {
                Some(name) => options.subprotocol = Some(name.to_owned()),
                None => return syntax(format!("the name of a subprotocol is missing after {word}")),
            },
            option if option.starts_with('-') => return syntax(format!("there is no option {option}")),
            _ if options.address.is_some() => return syntax("there are two addresses"),
            address => options.address = Some(address.to_owned()),
        }
    }
    Ok(Action::Reconnect(options))
}

pub(super) fn save(argument: &str) -> Result<Action, ArgumentError> {
    match argument.trim() {
        "" => syntax("the path of a file is missing"),
        name if name.ends_with(".pcapng") => {
            value("a capture must begin with the connection; start the client with --capture")
        }
        name => Ok(Action::Save(name.into())),
    }
}

pub(super) fn lesson(argument: &str) -> Result<Action, ArgumentError> {
    let command = match argument.trim() {
        "" => LessonCommand::Show,
        "hint" => LessonCommand::Hint,
        "next" => LessonCommand::Next,
        "off" => LessonCommand::Off,
        number => match number.parse() {
            Ok(number @ 1..) if number <= LESSONS.len() => LessonCommand::Jump(number - 1),
            _ => {
                let count = LESSONS.len();
                return syntax(format!("'{number}' is not a lesson from 1 to {count}, and not hint, next or off"));
            }
        },
    };
    Ok(Action::Lesson(command))
}

pub(super) fn help(argument: &str) -> Result<Action, ArgumentError> {
    nothing(argument).map(|()| Action::Help)
}

fn nothing(argument: &str) -> Result<(), ArgumentError> {
    if argument.trim().is_empty() { Ok(()) } else { syntax("this command takes no argument") }
}

/// Parses pairs of hexadecimal digits. White space, colons and commas may separate the pairs into
/// groups, and `0x` may precede each group.
fn hex(text: &str) -> Result<Vec<u8>, ArgumentError> {
    let mut bytes = Vec::new();
    for group in text.split([' ', ':', ',', '\n', '\t']) {
        let digits = group.strip_prefix("0x").unwrap_or(group);
        if let Some(wrong) = digits.chars().find(|character| !character.is_ascii_hexdigit()) {
            return syntax(format!("{wrong:?} is not a hexadecimal digit"));
        }
        if !digits.len().is_multiple_of(2) {
            return value(format!("write two hexadecimal digits for each byte, such as 0a: '{digits}' lacks one"));
        }
        for pair in digits.as_bytes().chunks(2) {
            let digit =
                |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
            bytes.push(digit(pair[0]) << 4 | digit(pair[1]));
        }
    }
    Ok(bytes)
}

//! The commands of the input line: one table, from which parsing, completion and `/help` come.
//!
//! ```text
//!   hello             the text "hello"
//!   //hello           the text "/hello"
//!   /ping [text]      a command: its name, and behind the first space what it works on
//! ```
//!
//! A new command is a row of [`COMMANDS`] and a function that makes an [`Action`] of its argument. A row may say what its
//! argument can be, for completion.

use std::{path::PathBuf, time::Duration};

use laboratory::{Role, faults};
use websocket::protocol::{CloseCode, CloseFrame, frame::MaskingKey, limits::MAX_CONTROL_PAYLOAD};

use crate::near::nearest;

/// What is to be done with the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Binary(Vec<u8>),
    /// Send what is in a file as a binary message.
    File(PathBuf),
    /// Send a Ping.
    Ping(Vec<u8>),
    /// Send a Pong that nobody asked for.
    Pong(Vec<u8>),
    /// Send a Close.
    Close(CloseCode, String),
    /// Send a text message in so many frames, with a Ping behind the first of them or not.
    Fragments { count: usize, ping: bool, text: String },
    /// Write these bytes into the stream, whatever they are.
    Raw(Vec<u8>),
    /// Send a text message byte by byte, with this time between them.
    Slow(Duration, String),
    /// Mask the next frame with this key.
    Mask(MaskingKey),
    /// Break the rule of this name, and judge what the server does.
    Break(&'static str),
    /// Close the connection if it is open, and open a new one.
    Reconnect,
}

/// What the input line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Something for the connection.
    Order(Order),
    /// Write what is kept of the conversation and the wire to a file.
    Save(PathBuf),
    /// Show the commands.
    Help,
}

/// A row of the table.
pub(crate) struct Command {
    /// Its name, with the slash.
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) usage: &'static str,
    /// What it does, in a line.
    pub(crate) help: &'static str,
    /// What its argument may be, as far as that can be listed: what Tab offers.
    arguments: fn() -> Vec<String>,
    /// Makes an action of what follows the name.
    parse: fn(&str) -> Result<Action, Mistake>,
}

/// Why a command cannot be carried out: a sentence that says what was wrong and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mistake {
    /// What follows the name has not the form of the usage, which is told with it.
    Form(String),
    /// It has, and cannot be done all the same.
    Matter(String),
}

fn form<T>(sentence: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake::Form(sentence.into()))
}

fn matter<T>(sentence: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake::Matter(sentence.into()))
}

/// Every command there is, in the order of `/help`.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "/ping",
        usage: "[text]",
        help: "send a Ping; the time to its Pong is shown above",
        arguments: none,
        parse: ping,
    },
    Command { name: "/pong", usage: "[text]", help: "send a Pong that nobody asked for", arguments: none, parse: pong },
    Command {
        name: "/close",
        usage: "[code] [reason]",
        help: "send a Close: 1000-1003, 1007-1014, 3000-4999",
        arguments: codes,
        parse: close,
    },
    Command { name: "/binary", usage: "HEX | @FILE", help: "send a binary message", arguments: none, parse: binary },
    Command {
        name: "/fragment",
        usage: "N[+ping] text",
        help: "send a text in N frames, a Ping behind the first",
        arguments: none,
        parse: fragment,
    },
    Command {
        name: "/raw",
        usage: "HEX",
        help: "write bytes into the stream as they stand",
        arguments: none,
        parse: raw,
    },
    Command {
        name: "/slow",
        usage: "N text",
        help: "send a text with N ms between its bytes",
        arguments: none,
        parse: slow,
    },
    Command {
        name: "/mask",
        usage: "HEX",
        help: "choose the masking key of the next frame, 4 bytes",
        arguments: none,
        parse: mask,
    },
    Command {
        name: "/break",
        usage: "RULE",
        help: "break a rule, and judge the server; Tab lists them",
        arguments: breakable,
        parse: break_rule,
    },
    Command {
        name: "/reconnect",
        usage: "",
        help: "close, and open a new connection",
        arguments: none,
        parse: reconnect,
    },
    Command {
        name: "/save",
        usage: "FILE",
        help: "write the wire to a file (.json: JSON lines)",
        arguments: none,
        parse: save,
    },
    Command { name: "/help", usage: "", help: "show this", arguments: none, parse: help },
];

/// What a line asks for.
///
/// # Errors
/// A sentence that says what was wrong and what to write.
pub(crate) fn parse(line: &str) -> Result<Action, String> {
    if let Some(text) = line.strip_prefix("//") {
        return Ok(Action::Order(Order::Text(format!("/{text}"))));
    }
    if !line.starts_with('/') {
        return Ok(Action::Order(Order::Text(line.to_owned())));
    }
    let (name, argument) = line.split_once(' ').unwrap_or((line, ""));
    match find(name) {
        Some(command) => (command.parse)(argument).map_err(|mistake| match mistake {
            Mistake::Form(sentence) => {
                format!("{sentence}; write it as: {name} {}", command.usage).trim_end().to_owned()
            }
            Mistake::Matter(sentence) => sentence,
        }),
        None => {
            Err(format!("there is no command {name}; /help lists them, and a text that begins with / is written //"))
        }
    }
}

/// What a line may become, if it is the beginning of a command.
pub(crate) fn completions(line: &str) -> Vec<String> {
    let Some((name, _)) = line.split_once(' ') else {
        let names = COMMANDS.iter().map(|command| command.name);
        return names.filter(|name| line.starts_with('/') && name.starts_with(line)).map(str::to_owned).collect();
    };
    let Some(command) = find(name) else { return Vec::new() };
    let lines = (command.arguments)().into_iter().map(|argument| format!("{name} {argument}"));
    lines.filter(|complete| complete.starts_with(line)).collect()
}

/// The row of this name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The longest beginning that all these have in common.
pub(crate) fn common_beginning(lines: &[String]) -> &str {
    let Some((first, others)) = lines.split_first() else { return "" };
    let same = |other: &String| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let length = others.iter().map(same).min().unwrap_or(first.len());
    &first[..first.floor_char_boundary(length)]
}

/// Nothing that could be listed.
fn none() -> Vec<String> {
    Vec::new()
}

/// The codes of section 7.4.1 that a client may send, and the first of those that are nobody's but ours.
fn codes() -> Vec<String> {
    (1000..=4000)
        .map(CloseCode)
        .filter(|code| code.is_sendable() && !(3000..4000).contains(&code.0))
        .map(|code| code.0.to_string())
        .collect()
}

/// The rules that can be broken on a connection that is open.
fn breakable() -> Vec<String> {
    faults::sent_by(Role::Client).filter(|rule| !rule.is_in_handshake()).map(|rule| rule.name.to_owned()).collect()
}

fn ping(argument: &str) -> Result<Action, Mistake> {
    control_payload(argument).map(|payload| Action::Order(Order::Ping(payload)))
}

fn pong(argument: &str) -> Result<Action, Mistake> {
    control_payload(argument).map(|payload| Action::Order(Order::Pong(payload)))
}

fn control_payload(argument: &str) -> Result<Vec<u8>, Mistake> {
    match argument.len() {
        0..=MAX_CONTROL_PAYLOAD => Ok(argument.as_bytes().to_vec()),
        length => matter(format!("a control frame carries at most {MAX_CONTROL_PAYLOAD} bytes, and this is {length}")),
    }
}

fn close(argument: &str) -> Result<Action, Mistake> {
    let (number, reason) = argument.split_once(' ').unwrap_or((argument, ""));
    let code = match number {
        "" => CloseCode::NORMAL,
        number => match number.parse() {
            Ok(number) => CloseCode(number),
            Err(_) => return form(format!("'{number}' is no close code")),
        },
    };
    // What the engine would refuse is said here, while the line can still be changed.
    let frame = CloseFrame::new(code, reason).map_err(|usage_error| Mistake::Matter(usage_error.to_string()))?;
    Ok(Action::Order(Order::Close(frame.code, reason.to_owned())))
}

fn binary(argument: &str) -> Result<Action, Mistake> {
    Ok(Action::Order(match argument.strip_prefix('@') {
        Some("") => return form("behind the @ comes the path of a file"),
        Some(path) => Order::File(path.into()),
        None => Order::Binary(hex(argument)?),
    }))
}

/// More frames than this teach nothing more, and each has a header of its own.
const FRAGMENTS_MAX: usize = 1000;

fn fragment(argument: &str) -> Result<Action, Mistake> {
    let (how, text) = argument.split_once(' ').unwrap_or((argument, ""));
    let (number, ping) = match how.strip_suffix("+ping") {
        Some(number) => (number, true),
        None => (how, false),
    };
    match number.parse() {
        Ok(count @ 1..=FRAGMENTS_MAX) => Ok(Action::Order(Order::Fragments { count, ping, text: text.to_owned() })),
        _ => form(format!("'{how}' is no number of frames from 1 to {FRAGMENTS_MAX}")),
    }
}

fn raw(argument: &str) -> Result<Action, Mistake> {
    match hex(argument)? {
        bytes if bytes.is_empty() => form("there are no bytes"),
        bytes => Ok(Action::Order(Order::Raw(bytes))),
    }
}

/// Ten seconds for one byte are enough for every time-out that one may want to see.
const SLOW_MAX: u64 = 10_000;

fn slow(argument: &str) -> Result<Action, Mistake> {
    let (number, text) = argument.split_once(' ').unwrap_or((argument, ""));
    match number.parse() {
        Ok(milliseconds @ 1..=SLOW_MAX) => {
            Ok(Action::Order(Order::Slow(Duration::from_millis(milliseconds), text.to_owned())))
        }
        _ => form(format!("'{number}' is no number of milliseconds from 1 to {SLOW_MAX}")),
    }
}

fn mask(argument: &str) -> Result<Action, Mistake> {
    match hex(argument)?.try_into() {
        Ok(key) => Ok(Action::Order(Order::Mask(MaskingKey(key)))),
        Err(_) => matter("a masking key has four bytes, such as 37fa213d"),
    }
}

fn break_rule(argument: &str) -> Result<Action, Mistake> {
    match faults::find(Role::Client, argument.trim()) {
        None if argument.trim().is_empty() => form("there is no name of a rule; Tab lists them"),
        None => matter(match nearest(argument.trim(), breakable().iter().map(String::as_str)) {
            Some(near) => format!("there is no rule '{}', but '{near}'; Tab lists them", argument.trim()),
            None => format!("there is no rule '{}'; Tab lists them", argument.trim()),
        }),
        Some(rule) if rule.is_in_handshake() => {
            matter(format!("too late, the handshake is over; run: client --probe --probe-only {}", rule.name))
        }
        Some(rule) => Ok(Action::Order(Order::Break(rule.name))),
    }
}

fn reconnect(argument: &str) -> Result<Action, Mistake> {
    nothing(argument).map(|()| Action::Order(Order::Reconnect))
}

fn save(argument: &str) -> Result<Action, Mistake> {
    match argument.trim() {
        "" => form("there is no name of a file"),
        name if name.ends_with(".pcapng") => {
            matter("a capture has to begin with the connection: start the client with --capture")
        }
        name => Ok(Action::Save(name.into())),
    }
}

fn help(argument: &str) -> Result<Action, Mistake> {
    nothing(argument).map(|()| Action::Help)
}

fn nothing(argument: &str) -> Result<(), Mistake> {
    if argument.trim().is_empty() { Ok(()) } else { form("nothing can follow this") }
}

/// Bytes from pairs of hexadecimal digits. Spaces, colons and commas may stand between pairs, and `0x` in front of them.
fn hex(text: &str) -> Result<Vec<u8>, Mistake> {
    let mut bytes = Vec::new();
    for group in text.split([' ', ':', ',', '\n', '\t']) {
        let digits = group.strip_prefix("0x").unwrap_or(group);
        if let Some(wrong) = digits.chars().find(|character| !character.is_ascii_hexdigit()) {
            return form(format!("{wrong:?} is no hexadecimal digit"));
        }
        if !digits.len().is_multiple_of(2) {
            return matter(format!(
                "write two hexadecimal digits for each byte, such as 0a: '{digits}' has one too few"
            ));
        }
        for pair in digits.as_bytes().chunks(2) {
            let digit =
                |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
            bytes.push(digit(pair[0]) << 4 | digit(pair[1]));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: &str) -> Order {
        match parse(line) {
            Ok(Action::Order(order)) => order,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn error(line: &str) -> String {
        parse(line).expect_err(line)
    }

    #[test]
    fn what_begins_with_no_slash_is_a_text() {
        assert_eq!(order("hello  world "), Order::Text("hello  world ".to_owned()));
        assert_eq!(order(""), Order::Text(String::new()));
        assert_eq!(order("//ping"), Order::Text("/ping".to_owned()));
        assert_eq!(order("a/b"), Order::Text("a/b".to_owned()));
    }

    #[test]
    fn each_command_makes_its_order() {
        assert_eq!(order("/ping"), Order::Ping(Vec::new()));
        assert_eq!(order("/ping one two"), Order::Ping(b"one two".to_vec()));
        assert_eq!(order("/pong x"), Order::Pong(b"x".to_vec()));
        assert_eq!(order("/close"), Order::Close(CloseCode::NORMAL, String::new()));
        assert_eq!(order("/close 4000 so long"), Order::Close(CloseCode(4000), "so long".to_owned()));
        assert_eq!(order("/binary 01 fe:0xFF,0a0B"), Order::Binary(vec![1, 0xfe, 0xff, 10, 11]));
        assert_eq!(order("/binary"), Order::Binary(Vec::new()));
        assert_eq!(order("/binary @a b.bin"), Order::File("a b.bin".into()));
        let fragments = |count, ping, text: &str| Order::Fragments { count, ping, text: text.to_owned() };
        assert_eq!(order("/fragment 3 a b"), fragments(3, false, "a b"));
        assert_eq!(order("/fragment 2+ping"), fragments(2, true, ""));
        assert_eq!(order("/raw 8900"), Order::Raw(vec![0x89, 0]));
        assert_eq!(order("/slow 20 hi"), Order::Slow(Duration::from_millis(20), "hi".to_owned()));
        assert_eq!(order("/mask 37fa213d"), Order::Mask(MaskingKey([0x37, 0xfa, 0x21, 0x3d])));
        assert_eq!(order("/reconnect"), Order::Reconnect);
        assert_eq!(order("/break unmasked-frame"), Order::Break("unmasked-frame"));
        assert_eq!(parse("/save a.json"), Ok(Action::Save("a.json".into())));
        assert_eq!(parse("/help"), Ok(Action::Help));
    }

    #[test]
    fn a_mistake_is_named_together_with_what_to_write() {
        for (line, wrong, usage) in [
            ("/binary 0g", "'g' is no hexadecimal digit", "/binary HEX | @FILE"),
            ("/raw", "no bytes", "/raw HEX"),
            ("/close x", "'x' is no close code", "/close [code] [reason]"),
            ("/fragment 0 x", "no number of frames", "/fragment N[+ping] text"),
            ("/slow x", "no number of milliseconds", "/slow N text"),
            ("/save", "no name of a file", "/save FILE"),
            ("/break", "no name of a rule", "/break RULE"),
            ("/help me", "nothing can follow", "/help"),
        ] {
            let error = error(line);
            assert!(error.contains(wrong), "{line}: {error}");
            assert!(error.ends_with(usage), "{line}: {error}");
        }
        assert!(error(&format!("/ping {}", "x".repeat(126))).contains("at most 125 bytes"));
        assert!(error("/nothing").contains("/help lists them"));
    }

    #[test]
    fn where_the_form_was_right_it_is_not_told_again() {
        for (line, wrong) in [
            ("/raw 8", "two hexadecimal digits for each byte, such as 0a: '8' has one too few"),
            ("/mask 00", "four bytes"),
            ("/close 1005", "1005"),
            ("/save a.pcapng", "--capture"),
            ("/break nothing", "no rule 'nothing'; Tab lists them"),
            ("/break unmasked-fame", "no rule 'unmasked-fame', but 'unmasked-frame'; Tab lists them"),
            ("/break method-post", "client --probe --probe-only method-post"),
        ] {
            let error = error(line);
            assert!(error.contains(wrong), "{line}: {error}");
            assert!(!error.contains("write it as"), "{line}: {error}");
        }
    }

    #[test]
    fn a_name_is_completed_as_far_as_it_is_certain() {
        assert_eq!(completions("/pi"), ["/ping"]);
        assert_eq!(completions("/p"), ["/ping", "/pong"]);
        assert_eq!(common_beginning(&completions("/p")), "/p");
        assert_eq!(common_beginning(&completions("/re")), "/reconnect");
        assert!(completions("p").is_empty());
        assert_eq!(
            completions("/close 101"),
            ["/close 1010", "/close 1011", "/close 1012", "/close 1013", "/close 1014"]
        );
        assert_eq!(completions("/close 4"), ["/close 4000"]);
        assert_eq!(completions("/break unm"), ["/break unmasked-frame"]);
        assert!(!completions("/break ").contains(&"/break method-post".to_owned()), "that is over");
        assert!(completions("/ping 1").is_empty());
        assert!(completions("/unknown 1").is_empty());
        assert_eq!(completions("/").len(), COMMANDS.len());
    }
}

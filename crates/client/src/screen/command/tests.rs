//! Checks how input lines are parsed into actions, and how they are completed.

use std::time::Duration;

use websocket::protocol::{CloseCode, frame::MaskingKey};

use super::{action::ReconnectOptions, *};
use crate::screen::lesson::progress::LessonCommand;

fn link_command(line: &str) -> LinkCommand {
    match parse(line) {
        Ok(Action::Link(command)) => command,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> String {
    parse(line).expect_err(line)
}

#[test]
fn a_line_without_a_slash_is_a_text() {
    assert_eq!(link_command("hello  world "), LinkCommand::Text("hello  world ".to_owned()));
    assert_eq!(link_command(""), LinkCommand::Text(String::new()));
    assert_eq!(link_command("//ping"), LinkCommand::Text("/ping".to_owned()));
    assert_eq!(link_command("a/b"), LinkCommand::Text("a/b".to_owned()));
}

#[test]
fn each_command_has_its_action() {
    assert_eq!(link_command("/ping"), LinkCommand::Ping(Vec::new()));
    assert_eq!(link_command("/ping one two"), LinkCommand::Ping(b"one two".to_vec()));
    assert_eq!(link_command("/pong x"), LinkCommand::Pong(b"x".to_vec()));
    assert_eq!(link_command("/close"), LinkCommand::Close(CloseCode::NORMAL, String::new()));
    assert_eq!(link_command("/close 4000 so long"), LinkCommand::Close(CloseCode(4000), "so long".to_owned()));
    assert_eq!(link_command("/binary 01 fe:0xFF,0a0B"), LinkCommand::Binary(vec![1, 0xfe, 0xff, 10, 11]));
    assert_eq!(link_command("/binary"), LinkCommand::Binary(Vec::new()));
    assert_eq!(link_command("/binary @a b.bin"), LinkCommand::File("a b.bin".into()));
    let fragments = |count, ping, text: &str| LinkCommand::Fragments { count, ping, text: text.to_owned() };
    assert_eq!(link_command("/fragment 3 a b"), fragments(3, false, "a b"));
    assert_eq!(link_command("/fragment 2+ping"), fragments(2, true, ""));
    assert_eq!(link_command("/raw 8900"), LinkCommand::Raw(vec![0x89, 0]));
    assert_eq!(link_command("/slow 20 hi"), LinkCommand::Slow(Duration::from_millis(20), "hi".to_owned()));
    assert_eq!(link_command("/mask 37fa213d"), LinkCommand::Mask(MaskingKey([0x37, 0xfa, 0x21, 0x3d])));
    let reconnect = |address: Option<&str>, deflate, subprotocol: Option<&str>| {
        let [address, subprotocol] = [address, subprotocol].map(|text| text.map(str::to_owned));
        Ok(Action::Reconnect(ReconnectOptions { address, deflate, subprotocol }))
    };
    assert_eq!(parse("/reconnect"), reconnect(None, false, None));
    assert_eq!(parse("/reconnect /echo"), reconnect(Some("/echo"), false, None));
    assert_eq!(parse("/reconnect --deflate wss://h/"), reconnect(Some("wss://h/"), true, None));
    assert_eq!(parse("/reconnect -s chat /chat"), reconnect(Some("/chat"), false, Some("chat")));
    assert_eq!(link_command("/break unmasked-frame"), LinkCommand::Break("unmasked-frame"));
    assert_eq!(parse("/save a.json"), Ok(Action::Save("a.json".into())));
    for (line, command) in [
        ("/lesson", LessonCommand::Show),
        ("/lesson 3", LessonCommand::Jump(2)),
        ("/lesson hint", LessonCommand::Hint),
        ("/lesson next", LessonCommand::Next),
        ("/lesson off", LessonCommand::Off),
    ] {
        assert_eq!(parse(line), Ok(Action::Lesson(command)), "{line}");
    }
    assert_eq!(parse("/help"), Ok(Action::Help));
}

#[test]
fn a_syntax_error_is_reported_with_the_usage() {
    for (line, expected) in [
        ("/binary 0g", "'g' is not a hexadecimal digit; usage: /binary HEX | @FILE"),
        ("/binary @", "the path of a file is missing after the @; usage: /binary HEX | @FILE"),
        ("/raw", "the bytes are missing; usage: /raw HEX"),
        ("/close x", "'x' is not a close code; usage: /close [code] [reason]"),
        ("/fragment 0 x", "'0' is not a number of frames from 1 to 1000; usage: /fragment N[+ping] text"),
        ("/slow x", "'x' is not a number of milliseconds from 1 to 10000; usage: /slow N text"),
        ("/save", "the path of a file is missing; usage: /save FILE"),
        ("/break", "the name of a rule is missing; Tab lists them; usage: /break RULE"),
        ("/reconnect --inflate", "there is no option --inflate; usage: /reconnect [URL]"),
        ("/reconnect -s", "the name of a subprotocol is missing after -s; usage: /reconnect [URL]"),
        ("/reconnect / /", "there are two addresses; usage: /reconnect [URL]"),
        ("/lesson x", "'x' is not a lesson from 1 to 16, and not hint, next or off; usage: /lesson [N | WORD]"),
        ("/lesson 17", "'17' is not a lesson from 1 to 16, and not hint, next or off; usage: /lesson [N | WORD]"),
        ("/lesson 0", "'0' is not a lesson from 1 to 16, and not hint, next or off; usage: /lesson [N | WORD]"),
        ("/help me", "this command takes no argument; usage: /help"),
    ] {
        assert_eq!(error(line), expected, "{line}");
    }
    assert!(error("/nothing").starts_with("there is no command /nothing; /help lists them"));
}

#[test]
fn a_wrong_value_is_reported_without_the_usage() {
    for (line, expected) in [
        (
            &*format!("/ping {}", "x".repeat(126)),
            "a control frame carries at most 125 bytes, but this text has 126; shorten it",
        ),
        ("/raw 8", "write two hexadecimal digits for each byte, such as 0a: '8' lacks one"),
        ("/mask 00", "a masking key has four bytes, such as 37fa213d"),
        ("/save a.pcapng", "a capture must begin with the connection; start the client with --capture"),
        ("/break nothing", "there is no rule 'nothing'; Tab lists them"),
        ("/break unmasked-fame", "there is no rule 'unmasked-fame'; did you mean 'unmasked-frame'? Tab lists them"),
        (
            "/break method-post",
            "this rule can be broken only during the handshake; run: client --probe --probe-only method-post",
        ),
    ] {
        assert_eq!(error(line), expected, "{line}");
    }
    // The syntax of this line is valid, but the engine rejects the code, so the error does not
    // repeat the command's usage.
    let error = error("/close 1005");
    assert!(error.contains("1005") && !error.contains("usage:"), "{error}");
}

#[test]
fn a_name_is_completed_as_far_as_it_is_unambiguous() {
    assert_eq!(completions("/pi"), ["/ping"]);
    assert_eq!(completions("/p"), ["/ping", "/pong"]);
    assert_eq!(common_prefix(&completions("/p")), "/p");
    assert_eq!(common_prefix(&completions("/re")), "/reconnect");
    assert!(completions("p").is_empty());
    assert_eq!(completions("/close 101"), ["/close 1010", "/close 1011", "/close 1012", "/close 1013", "/close 1014"]);
    assert_eq!(completions("/close 4"), ["/close 4000"]);
    assert_eq!(completions("/break unm"), ["/break unmasked-frame"]);
    assert!(!completions("/break ").contains(&"/break method-post".to_owned()), "the handshake is over");
    assert!(completions("/ping 1").is_empty());
    assert!(completions("/unknown 1").is_empty());
    assert_eq!(completions("/").len(), COMMANDS.len());
}

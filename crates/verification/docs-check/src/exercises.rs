//! Computes the answers to exercises.
//!
//! The question is a code block that contains either bytes in hexadecimal digits or the head of a
//! request. Words after the bytes on a line explain the bytes, and are not part of the question:
//!
//! ```text
//! 81 85 37 fa 21 3d 7f 9f 4d 51 58    a text
//! 89 80 00 00 00 00                   a Ping
//! ```
//!
//! The dissector names the fields of frames. The engine computes the answers of an echo server or
//! an echo client.

use std::time::Instant;

use dissector::{Conversation, Direction, Options, Record, render};
use protocol::{
    CloseCode, CloseFrame, Config, Event, Message, MessageKind,
    handshake::{UpgradeOptions, rejection},
};
use testkit::{
    endpoint::TestEndpoint,
    handshake::{read_request, response_text},
    masking::{EXAMPLE_KEY, repeated_key},
    transmitted::Transmitted,
};

/// The maximum number of bytes that an answer shows of each frame.
const SHOWN: usize = 16;

/// Returns the fields of each frame in a question, and the rules that the frame breaks.
///
/// # Errors
/// Returns a message if the direction is unknown, or if the bytes do not contain a frame.
pub fn fields(direction: &str, question: &str) -> Result<String, String> {
    let direction = match direction {
        "to-server" => Direction::ToServer,
        "to-client" => Direction::ToClient,
        _ => return Err(format!("`{direction}` is not a direction: use `to-server` or `to-client`")),
    };
    let records = dissect(direction, &bytes_of(question)?);
    if records.is_empty() {
        return Err("the question contains no frame".to_owned());
    }
    Ok(records.iter().map(tree).collect::<Vec<_>>().join("\n"))
}

/// Returns what an echo server or an echo client would send in response to the bytes in a question,
/// or what a server would send in response to a request.
///
/// # Errors
/// Returns an error message if the role is unknown, or if the question contains no bytes.
pub fn answers(role: &str, question: &str) -> Result<String, String> {
    if question.starts_with(|first: char| first.is_ascii_uppercase()) && question.contains(" HTTP/") {
        return answer_request(question);
    }
    let mut endpoint = match role {
        "" | "server" => TestEndpoint::server(),
        "client" => client(EXAMPLE_KEY),
        _ => return Err(format!("`{role}` is not a role: use `server` or `client`")),
    };
    endpoint.connection.receive(&bytes_of(question)?);
    loop {
        let message = match endpoint.connection.poll_event(endpoint.now) {
            Ok(Some(Event::Message(message))) => message.into_message(),
            Ok(Some(_)) | Err(_) => continue,
            Ok(None) => break,
        };
        endpoint.connection.send(message).map_err(|error| error.to_string())?;
    }
    let direction = Direction::from_sender(endpoint.role());
    let mut lines = String::new();
    for transmitted in endpoint.transmit() {
        lines += &match transmitted {
            Transmitted::Bytes(bytes) => frame_lines(direction, &bytes),
            Transmitted::HalfClose => "the end of this direction of TCP\n".to_owned(),
            Transmitted::Disconnect => "the end of TCP\n".to_owned(),
        };
    }
    Ok(if lines.is_empty() { "nothing\n".to_owned() } else { lines })
}

/// Encodes what the arguments describe:
///
/// ```text
/// text "Hello"                       from a server
/// text "Hello" masked 37fa213d       from a client
/// text "Hel" "lo"                    in fragments
/// binary 300 bytes                   300 times the letter a
/// ping "hi"                          or pong
/// close 1000 "bye"
/// ```
///
/// # Errors
/// Returns a message if the arguments cannot be parsed.
pub fn bytes(arguments: &str) -> Result<String, String> {
    let (arguments, mut endpoint) = match arguments.split_once(" masked ") {
        Some((arguments, key)) => {
            let key = bytes_of(key)?.try_into().map_err(|_| format!("a masking key has four bytes, unlike `{key}`"))?;
            (arguments, client(key))
        }
        None => (arguments, TestEndpoint::server()),
    };
    let (kind, payload) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let strings: Vec<&str> = payload.split('"').skip(1).step_by(2).collect();
    let connection = &mut endpoint.connection;
    let only = strings.first().copied().unwrap_or_default();
    let unknown = || format!("`{arguments}` is unknown");
    match kind {
        "text" | "binary" => {
            let kind = if kind == "text" { MessageKind::Text } else { MessageKind::Binary };
            let letters;
            let parts = if let Some(count) = payload.strip_suffix(" bytes") {
                letters = "a".repeat(count.replace(',', "").parse().map_err(|_| unknown())?);
                vec![letters.as_str()]
            } else if strings.is_empty() {
                return Err(unknown());
            } else {
                strings
            };
            if let [whole] = parts[..] {
                connection.send(match kind {
                    MessageKind::Text => Message::text(whole),
                    MessageKind::Binary => Message::binary(whole.as_bytes().to_vec()),
                })
            } else {
                let last = parts.len() - 1;
                parts
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, part)| connection.send_fragment(kind, part.as_bytes(), index == last))
            }
        }
        "ping" => connection.ping(only.as_bytes()),
        "pong" => connection.pong(only.as_bytes()),
        "close" => {
            let code = payload.split(' ').next().and_then(|code| code.parse().ok()).ok_or_else(unknown)?;
            let frame = CloseFrame::new(CloseCode(code), only).map_err(|error| error.to_string())?;
            connection.close(Some(frame), endpoint.now)
        }
        _ => return Err(unknown()),
    }
    .map_err(|error| error.to_string())?;
    Ok(frame_lines(Direction::from_sender(endpoint.role()), &endpoint.take_sent()))
}

fn client(key: [u8; 4]) -> TestEndpoint {
    TestEndpoint::client_with(Config::default(), repeated_key(key), Instant::now())
}

/// Answers a request. For a rejection, the answer is only the status line, because other servers
/// word the rest of the response differently.
fn answer_request(question: &str) -> Result<String, String> {
    let head = format!("{}\r\n\r\n", question.trim_end().replace('\n', "\r\n"));
    let response = read_request(head.as_bytes()).and_then(|request| {
        let accepted = request.map(|request| Ok(request.check_upgrade()?.accept(UpgradeOptions::default())));
        accepted.transpose()
    });
    match response {
        Ok(Some(Ok(accepted))) => Ok(response_text(&accepted.response).trim_end().replace('\r', "") + "\n"),
        Ok(_) => Err("the request is incomplete".to_owned()),
        Err(violation) => {
            let response = response_text(&rejection(&violation));
            Ok(format!("{}\n", response.lines().next().unwrap_or_default()))
        }
    }
}

/// Parses the hexadecimal bytes at the beginning of each line, up to the first other word. Returns
/// the bytes of all lines together.
fn bytes_of(question: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in question.lines() {
        let digits = line.split_whitespace().map(|word| (word.len() % 2 == 0).then(|| hex(word)).flatten());
        bytes.extend(digits.map_while(|bytes| bytes).flatten());
    }
    if bytes.is_empty() { Err("the question contains no bytes".to_owned()) } else { Ok(bytes) }
}

fn hex(word: &str) -> Option<Vec<u8>> {
    let byte = |at| word.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    (0..word.len()).step_by(2).map(byte).collect()
}

fn dissect(direction: Direction, bytes: &[u8]) -> Vec<Record> {
    let mut conversation = Conversation::after_handshake(Options::default());
    let mut records = Vec::new();
    conversation.push(direction, bytes, None, &mut |record| records.push(record));
    records.extend(conversation.partial(direction));
    records
}

/// Returns the fields of a record, without the line that names the protocol.
fn tree(record: &Record) -> String {
    let tree = render::tree(record);
    let fields = tree.lines().skip(1).map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)));
    let incomplete = (!record.complete).then(|| "incomplete: more bytes must follow\n".to_owned());
    fields.chain(incomplete).collect()
}

/// Returns one line for each frame, with its first bytes and its summary.
fn frame_lines(direction: Direction, bytes: &[u8]) -> String {
    let frames: Vec<(String, String)> = dissect(direction, bytes).iter().map(digits_and_summary).collect();
    let width = frames.iter().map(|(digits, _)| digits.len()).max().unwrap_or_default();
    frames.iter().map(|(digits, summary)| format!("{digits:width$}   {summary}\n")).collect()
}

fn digits_and_summary(record: &Record) -> (String, String) {
    let digits = record.bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    if record.length <= SHOWN as u64 {
        return (digits, record.summary.clone());
    }
    // Only the first bytes of the frame are shown, so leave its contents out of the summary.
    let summary = record.summary.split(": ").next().unwrap_or_default();
    if record.bytes[0] != 0x88 {
        return (format!("{digits} ..."), summary.to_owned());
    }
    // Implementations word the reason in a Close differently, so leave the reason and the frame's
    // length out of the answer. The close code follows the masking key, if there is one.
    let code_at = if record.bytes[1] & 0x80 == 0 { 2 } else { 6 };
    let known: String = record.bytes[2..code_at + 2].iter().map(|byte| format!("{byte:02x} ")).collect();
    (format!("88 .. {known}..."), format!("{summary}, and a reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "81 85 37 fa 21 3d 7f 9f 4d 51 58   a text\n";

    #[test]
    fn the_words_after_the_bytes_do_not_count() {
        assert_eq!(
            bytes_of("8185 37fa213d  a dead end\n\n00 beef x 11\n"),
            Ok(vec![0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D].into_iter().chain([0x00, 0xBE, 0xEF]).collect())
        );
        assert!(bytes_of("no bytes\n").is_err());
    }

    #[test]
    fn fields_are_those_of_the_dissector() {
        let expected = "1... .... = Fin: True\n.000 .... = Reserved: 0x0\n.... 0001 = Opcode: Text (1)\n\
                        1... .... = Mask: True\n.000 0101 = Payload length: 5\nMasking-Key: 37fa213d\n\
                        Masked payload\nPayload\n    Text: Hello\n";
        assert_eq!(fields("to-server", HELLO), Ok(expected.to_owned()));
        let incomplete = fields("to-server", "81 85").expect("a header");
        assert!(incomplete.ends_with("incomplete: more bytes must follow\n"), "{incomplete}");
        assert!(fields("to-nobody", HELLO).is_err());
    }

    #[test]
    fn an_echo_server_answers() {
        let question = format!("{HELLO}89 80 00 00 00 00   a Ping\n88 82 00 00 00 00 03 e8\n");
        let expected = "81 05 48 65 6c 6c 6f   Text, 5 bytes: Hello\n8a 00                  Pong, 0 bytes\n\
                        88 02 03 e8            Close 1000 (normal closure)\nthe end of this direction of TCP\n";
        assert_eq!(answers("", &question), Ok(expected.to_owned()));
        assert_eq!(answers("server", "81 85 37"), Ok("nothing\n".to_owned()));
    }

    #[test]
    fn a_broken_rule_is_answered_without_the_words_of_this_engine() {
        let expected =
            "88 .. 03 ea ...   Close 1002 (protocol error), and a reason\nthe end of this direction of TCP\n";
        assert_eq!(answers("", "81 05 48 65 6c 6c 6f\n"), Ok(expected.to_owned()));
    }

    #[test]
    fn an_echo_client_answers_with_masked_frames() {
        let expected = "81 85 37 fa 21 3d 7f 9f 4d 51 58   Text, 5 bytes: Hello\n";
        assert_eq!(answers("client", "81 05 48 65 6c 6c 6f\n"), Ok(expected.to_owned()));
        let failed = answers("client", "83 00\n").expect("a frame");
        assert!(failed.starts_with("88 .. 37 fa 21 3d 34 10 ...   Close 1002"), "{failed}");
    }

    #[test]
    fn a_request_is_answered_with_a_response_or_with_a_status() {
        let request = "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: Upgrade\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n";
        let response = answers("", request).expect("a request");
        assert!(response.contains("\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"), "{response}");
        let old = request.replace("13", "8");
        assert_eq!(answers("", &old), Ok("HTTP/1.1 426 Upgrade Required\n".to_owned()));
    }

    #[test]
    fn descriptions_are_encoded() {
        for (arguments, expected) in [
            ("text \"Hello\" masked 37fa213d", "81 85 37 fa 21 3d 7f 9f 4d 51 58   Text, 5 bytes: Hello\n"),
            ("binary 300 bytes", "82 7e 01 2c 61 61 61 61 61 61 61 61 61 61 61 61 ...   Binary, 300 bytes\n"),
            (
                "text \"Hel\" \"lo\"",
                "01 03 48 65 6c   Text, first fragment, 3 bytes: Hel\n80 02 6c 6f      Continuation, last fragment, 2 bytes: lo\n",
            ),
            ("close 1000 \"bye\"", "88 05 03 e8 62 79 65   Close 1000 (normal closure): bye\n"),
            ("ping \"\" masked 01020304", "89 80 01 02 03 04   Ping, 0 bytes\n"),
        ] {
            assert_eq!(bytes(arguments), Ok(expected.to_owned()), "{arguments}");
        }
        for arguments in ["text", "text many bytes", "close", "close 1005", "poem \"a\"", "text \"a\" masked 01"] {
            assert!(bytes(arguments).is_err(), "{arguments}");
        }
    }
}

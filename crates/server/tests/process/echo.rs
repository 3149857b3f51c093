//! `/echo`: every message comes back unchanged.

use std::{io::Write, thread};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close, frame, text},
    http::Request,
};

#[test]
fn text_comes_back_as_text_and_binary_as_binary() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text("grüß dich, 🦀"));
    assert_eq!(client.receive(), ReceivedItem::Text("grüß dich, 🦀".to_owned()));
    // If the same bytes are sent in a binary message, they come back as binary.
    client.send(&frame(FIN | BINARY, "grüß dich, 🦀".as_bytes()));
    assert_eq!(client.receive(), ReceivedItem::Binary("grüß dich, 🦀".as_bytes().to_vec()));
    client.send(&frame(FIN | BINARY, &[0xff, 0x00, 0x80]));
    assert_eq!(client.receive(), ReceivedItem::Binary(vec![0xff, 0x00, 0x80]));
    client.close(1000);
}

#[test]
fn an_empty_message_is_a_message() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text(""));
    client.send(&frame(FIN | BINARY, b""));
    client.send(&[frame(TEXT, b""), frame(CONTINUATION, b""), frame(FIN | CONTINUATION, b"")].concat());
    assert_eq!(client.receive(), ReceivedItem::Text(String::new()));
    assert_eq!(client.receive(), ReceivedItem::Binary(Vec::new()));
    assert_eq!(client.receive(), ReceivedItem::Text(String::new()));
}

#[test]
fn lengths_at_the_borders_of_the_three_forms() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    for length in [1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        client.send(&frame(FIN | BINARY, &payload));
        // The client also checks that the echo uses the shortest form.
        assert_eq!(client.receive(), ReceivedItem::Binary(payload));
    }
}

#[test]
fn fragments_come_back_as_one_message() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    // One character is split between two fragments, with a Ping between them.
    let [before, after] = ["a\u{e9}".as_bytes()[..2].to_vec(), "\u{e9}z".as_bytes()[1..].to_vec()];
    client.send(
        &[
            frame(TEXT, &before),
            frame(FIN | PING, b"are you there?"),
            frame(CONTINUATION, &after),
            frame(FIN | CONTINUATION, b"!"),
        ]
        .concat(),
    );
    assert_eq!(client.receive(), ReceivedItem::Pong(b"are you there?".to_vec()));
    assert_eq!(client.receive(), ReceivedItem::Text("aéz!".to_owned()));
    client.send(&[frame(BINARY, &[1]), frame(FIN | CONTINUATION, &[2])].concat());
    assert_eq!(client.receive(), ReceivedItem::Binary(vec![1, 2]));
}

#[test]
fn a_mebibyte_comes_back() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let payload: Vec<u8> = (0..1 << 20).map(|number: u32| number.to_le_bytes()[(number % 4) as usize]).collect();
    send_in_background(&client, frame(FIN | BINARY, &payload));
    assert_eq!(client.receive(), ReceivedItem::Binary(payload));
    // After the first character, each has two bytes, so some of the server's reads end inside a
    // character.
    let long = format!("x{}", "é".repeat((1 << 19) - 1));
    send_in_background(&client, text(&long));
    assert_eq!(client.receive(), ReceivedItem::Text(long));
    client.close(1000);
}

#[test]
fn ten_thousand_messages_keep_their_order() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let sent: Vec<ReceivedItem> = (0..10_000)
        .map(|number: u32| match number % 3 {
            0 => ReceivedItem::Binary(number.to_be_bytes().to_vec()),
            _ => ReceivedItem::Text(format!("message {number}, {}", "x".repeat(number as usize % 200))),
        })
        .collect();
    let frames = sent.iter().flat_map(|message| match message {
        ReceivedItem::Binary(bytes) => frame(FIN | BINARY, bytes),
        ReceivedItem::Text(message) => text(message),
        _ => unreachable!(),
    });
    send_in_background(&client, frames.collect());
    for message in &sent {
        assert_eq!(&client.receive(), message);
    }
    client.close(1000);
}

/// A Close means that nothing follows it, but the messages before it are still echoed.
#[test]
fn messages_before_a_close_are_echoed_before_it_is_answered() {
    let server = Server::start(&[]);
    // The first batch is small enough for one read, and the second is not.
    for (count, size) in [(50, 10), (2000, 1000)] {
        let mut client = Client::connect(&server, "/echo");
        let mut frames: Vec<u8> = (0..count).flat_map(|number| text(&format!("{number:0size$}"))).collect();
        frames.extend(close(3333, "enough"));
        // Everything after the Close is ignored.
        frames.extend(text("more"));
        send_in_background(&client, frames);
        for number in 0..count {
            assert_eq!(client.receive(), ReceivedItem::Text(format!("{number:0size$}")));
        }
        assert_eq!(client.receive(), ReceivedItem::Close(Some(3333), String::new()));
        assert_eq!(client.receive(), ReceivedItem::End);
        client.end();
        server.wait_for_log(&[&client.address().to_string(), "closed: 3333", "enough"]);
    }
}

/// 5.5.1: the answer repeats the received code, and is empty if there was none.
#[test]
fn a_close_is_answered_with_its_own_code() {
    let server = Server::start(&[]);
    for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999] {
        let mut client = Client::connect(&server, "/echo");
        client.send(&close(code, "why not"));
        assert_eq!(client.receive(), ReceivedItem::Close(Some(code), String::new()));
        assert_eq!(client.receive(), ReceivedItem::End);
    }
    let mut client = Client::connect(&server, "/echo");
    client.send(&frame(FIN | CLOSE, b""));
    assert_eq!(client.receive(), ReceivedItem::Close(None, String::new()));
    assert_eq!(client.receive(), ReceivedItem::End);
}

#[test]
fn bytes_that_arrive_one_by_one_are_the_same_messages() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let bytes = [text("é!"), frame(FIN | PING, b"?"), frame(FIN | BINARY, &[7; 130]), close(1000, "")].concat();
    for byte in bytes {
        client.send(&[byte]);
    }
    assert_eq!(client.receive(), ReceivedItem::Text("é!".to_owned()));
    assert_eq!(client.receive(), ReceivedItem::Pong(b"?".to_vec()));
    assert_eq!(client.receive(), ReceivedItem::Binary(vec![7; 130]));
    assert_eq!(client.receive(), ReceivedItem::Close(Some(1000), String::new()));
}

/// A client should wait for the 101. If it does not, the bytes after its request are frames, and
/// none of them may be lost.
#[test]
fn frames_after_the_request_are_not_lost() {
    let server = Server::start(&[]);
    let mut bytes = Request::upgrade(&server, "/echo").bytes();
    bytes.extend(text("early"));
    bytes.extend(&text("cut")[..3]);
    let mut client = Client::connect_with(&server, &bytes);
    assert_eq!(client.receive(), ReceivedItem::Text("early".to_owned()));
    client.send(&text("cut")[3..]);
    assert_eq!(client.receive(), ReceivedItem::Text("cut".to_owned()));
}

#[test]
fn an_offer_that_is_not_accepted_is_not_in_the_response() {
    let server = Server::start(&[]);
    let request = Request::upgrade(&server, "/echo")
        .and("Sec-WebSocket-Protocol", "chat, soap")
        .and("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    let mut client = Client::connect_with(&server, &request.bytes());
    assert_eq!(client.response.header("Sec-WebSocket-Protocol"), None);
    assert_eq!(client.response.header("Sec-WebSocket-Extensions"), None);
    client.echo("plain");
}

/// 5.5.3: an unsolicited Pong is not answered.
#[test]
fn control_frames_are_not_echoed_as_messages() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&frame(FIN | PONG, b"unsolicited"));
    client.send(&frame(FIN | PING, &[0xff; 125]));
    assert_eq!(client.receive(), ReceivedItem::Pong(vec![0xff; 125]));
    client.echo("text");
}

/// Sends from a separate thread, so that the test can read at the same time. Otherwise the server
/// would wait for the test to read the echo, while the test waits for the server to read the
/// message.
fn send_in_background(client: &Client, bytes: Vec<u8>) {
    let mut stream = client.stream.try_clone().expect("a socket can be shared");
    thread::spawn(move || stream.write_all(&bytes).expect("the server reads"));
}

//! `/echo`: every message comes back as it went.

mod common;

use std::{io::Write, thread};

use common::{
    Server,
    client::{BINARY, CLOSE, CONTINUATION, Client, FIN, Heard, PING, PONG, TEXT, close, frame, text},
    http::Request,
};

#[test]
fn text_comes_back_as_text_and_binary_as_binary() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text("grüß dich, 🦀"));
    assert_eq!(client.hear(), Heard::Text("grüß dich, 🦀".to_owned()));
    // The same bytes in a binary message are not text.
    client.send(&frame(FIN | BINARY, "grüß dich, 🦀".as_bytes()));
    assert_eq!(client.hear(), Heard::Binary("grüß dich, 🦀".as_bytes().to_vec()));
    client.send(&frame(FIN | BINARY, &[0xff, 0x00, 0x80]));
    assert_eq!(client.hear(), Heard::Binary(vec![0xff, 0x00, 0x80]));
    client.close(1000);
}

#[test]
fn an_empty_message_is_a_message() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text(""));
    client.send(&frame(FIN | BINARY, b""));
    client.send(&[frame(TEXT, b""), frame(CONTINUATION, b""), frame(FIN | CONTINUATION, b"")].concat());
    assert_eq!(client.hear(), Heard::Text(String::new()));
    assert_eq!(client.hear(), Heard::Binary(Vec::new()));
    assert_eq!(client.hear(), Heard::Text(String::new()));
}

#[test]
fn lengths_at_the_borders_of_the_three_forms() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    for length in [1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        client.send(&frame(FIN | BINARY, &payload));
        // The client checks that the shortest form comes back.
        assert_eq!(client.hear(), Heard::Binary(payload));
    }
}

#[test]
fn fragments_come_back_as_one_message() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    // One character is cut in the middle, and a Ping comes between.
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
    assert_eq!(client.hear(), Heard::Pong(b"are you there?".to_vec()));
    assert_eq!(client.hear(), Heard::Text("aéz!".to_owned()));
    client.send(&[frame(BINARY, &[1]), frame(FIN | CONTINUATION, &[2])].concat());
    assert_eq!(client.hear(), Heard::Binary(vec![1, 2]));
}

#[test]
fn a_mebibyte_comes_back() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let payload: Vec<u8> = (0..1 << 20).map(|number: u32| number.to_le_bytes()[(number % 4) as usize]).collect();
    send_beside(&client, frame(FIN | BINARY, &payload));
    assert_eq!(client.hear(), Heard::Binary(payload));
    // Two bytes a character: the pieces in which it arrives end inside of some.
    let long = format!("x{}", "é".repeat(1 << 19));
    send_beside(&client, text(&long));
    assert_eq!(client.hear(), Heard::Text(long));
    client.close(1000);
}

#[test]
fn ten_thousand_messages_keep_their_order() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let sent: Vec<Heard> = (0..10_000)
        .map(|number: u32| match number % 3 {
            0 => Heard::Binary(number.to_be_bytes().to_vec()),
            _ => Heard::Text(format!("message {number}, {}", "x".repeat(number as usize % 200))),
        })
        .collect();
    let frames = sent.iter().flat_map(|message| match message {
        Heard::Binary(bytes) => frame(FIN | BINARY, bytes),
        Heard::Text(message) => text(message),
        _ => unreachable!(),
    });
    send_beside(&client, frames.collect());
    for message in &sent {
        assert_eq!(&client.hear(), message);
    }
    client.close(1000);
}

/// A Close says that nothing will come after it. What came before is to be answered.
#[test]
fn what_was_said_before_a_close_is_echoed_before_it_is_answered() {
    let server = Server::start(&[]);
    // Small enough to be one read, and too much for one.
    for (count, size) in [(50, 10), (2000, 1000)] {
        let mut client = Client::connect(&server, "/echo");
        let mut frames: Vec<u8> = (0..count).flat_map(|number| text(&format!("{number:0size$}"))).collect();
        frames.extend(close(3333, "enough"));
        // Nothing counts that comes after the Close.
        frames.extend(text("more"));
        send_beside(&client, frames);
        for number in 0..count {
            assert_eq!(client.hear(), Heard::Text(format!("{number:0size$}")));
        }
        assert_eq!(client.hear(), Heard::Close(Some(3333), String::new()));
        assert_eq!(client.hear(), Heard::End);
        client.end();
        server.logs(&[&client.own().to_string(), "closed: 3333", "enough"]);
    }
}

/// 5.5.1: the answer repeats the code that came, and is empty if there was none.
#[test]
fn a_close_is_answered_with_its_own_code() {
    let server = Server::start(&[]);
    for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999] {
        let mut client = Client::connect(&server, "/echo");
        client.send(&close(code, "why not"));
        assert_eq!(client.hear(), Heard::Close(Some(code), String::new()));
        assert_eq!(client.hear(), Heard::End);
    }
    let mut client = Client::connect(&server, "/echo");
    client.send(&frame(FIN | CLOSE, b""));
    assert_eq!(client.hear(), Heard::Close(None, String::new()));
    assert_eq!(client.hear(), Heard::End);
}

#[test]
fn bytes_that_come_one_by_one_are_the_same_messages() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    let bytes = [text("é!"), frame(FIN | PING, b"?"), frame(FIN | BINARY, &[7; 130]), close(1000, "")].concat();
    for byte in bytes {
        client.send(&[byte]);
    }
    assert_eq!(client.hear(), Heard::Text("é!".to_owned()));
    assert_eq!(client.hear(), Heard::Pong(b"?".to_vec()));
    assert_eq!(client.hear(), Heard::Binary(vec![7; 130]));
    assert_eq!(client.hear(), Heard::Close(Some(1000), String::new()));
}

/// A client should wait for the 101. But its bytes behind the request are frames, and are not to be lost.
#[test]
fn frames_behind_the_request_are_not_lost() {
    let server = Server::start(&[]);
    let mut bytes = Request::upgrade(&server, "/echo").bytes();
    bytes.extend(text("early"));
    bytes.extend(&text("cut")[..3]);
    let mut client = Client::ask(&server, &bytes);
    assert_eq!(client.hear(), Heard::Text("early".to_owned()));
    client.send(&text("cut")[3..]);
    assert_eq!(client.hear(), Heard::Text("cut".to_owned()));
}

#[test]
fn what_was_offered_and_not_chosen_is_not_in_the_answer() {
    let server = Server::start(&[]);
    let request = Request::upgrade(&server, "/echo")
        .and("Sec-WebSocket-Protocol", "chat, soap")
        .and("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    let mut client = Client::ask(&server, &request.bytes());
    assert_eq!(client.response.header("Sec-WebSocket-Protocol"), None);
    assert_eq!(client.response.header("Sec-WebSocket-Extensions"), None);
    client.echo("plain");
}

/// 5.5.3: a Pong that nobody asked for is no reason to say anything.
#[test]
fn control_frames_are_not_echoed_as_messages() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&frame(FIN | PONG, b"unasked"));
    client.send(&frame(FIN | PING, &[0xff; 125]));
    assert_eq!(client.hear(), Heard::Pong(vec![0xff; 125]));
    client.echo("text");
}

/// Sends from a thread of its own, so that the test can read meanwhile: an echo that is not read stops the server from
/// reading, and it would wait for us as we for it.
fn send_beside(client: &Client, bytes: Vec<u8>) {
    let mut stream = client.stream.try_clone().expect("a socket can be shared");
    thread::spawn(move || stream.write_all(&bytes).expect("the server takes what is sent"));
}

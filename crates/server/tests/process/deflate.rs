//! `--deflate`: messages are compressed for clients that offer it, and for no others.

use std::io::Read;

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{FIN, TEXT, close, frame, text},
    http::Request,
};

const RSV1: u8 = 0x40;
const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

fn connect_offering(server: &Server, offer: &str) -> Client {
    let request = Request::upgrade(server, "/echo").and("Sec-WebSocket-Extensions", offer);
    Client::connect_with(server, &request.bytes())
}

fn accepted(client: &Client) -> Option<&str> {
    client.response.header("Sec-WebSocket-Extensions")
}

#[test]
fn without_the_option_every_offer_is_declined() {
    let server = Server::start(&[]);
    let mut client = connect_offering(&server, "permessage-deflate; client_max_window_bits");
    assert_eq!(accepted(&client), None);
    client.echo("Hello");
    client.send(&frame(FIN | RSV1 | TEXT, &HELLO));
    assert_eq!(client.receive_close(), Some(1002));
}

#[test]
fn with_the_option_nothing_is_kept_between_messages() {
    let server = Server::start(&["--deflate"]);
    let client = connect_offering(&server, "permessage-deflate; client_max_window_bits");
    let expected = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(accepted(&client), Some(expected));
}

#[test]
fn a_client_that_offers_nothing_gets_nothing_compressed() {
    let server = Server::start(&["--deflate"]);
    let mut client = Client::connect(&server, "/echo");
    assert_eq!(accepted(&client), None);
    client.echo(&"x".repeat(5000));
}

#[test]
fn an_unknown_offer_is_declined_and_the_next_one_accepted() {
    let server = Server::start(&["--deflate"]);
    let mut client = connect_offering(&server, "permessage-deflate; server_max_window_bits=16");
    assert_eq!(accepted(&client), None);
    client.echo("Hello");
    let client = connect_offering(&server, "permessage-deflate; x, permessage-deflate; server_max_window_bits=10");
    assert!(accepted(&client).is_some_and(|element| element.ends_with("; server_max_window_bits=10")));
}

#[test]
fn small_answers_are_uncompressed_and_large_ones_compressed() {
    let server = Server::start(&["--deflate"]);
    let mut client = connect_offering(&server, "permessage-deflate");
    // A compressed Hello, in one frame and in two, comes back uncompressed, because compression is
    // not worth its cost below 1 KiB.
    client.send(&frame(FIN | RSV1 | TEXT, &HELLO));
    assert_eq!(client.receive(), ReceivedItem::Text("Hello".to_owned()));
    client.send(&[frame(RSV1 | TEXT, &HELLO[..3]), frame(FIN, &HELLO[3..])].concat());
    assert_eq!(client.receive(), ReceivedItem::Text("Hello".to_owned()));
    // 5,000 letters compress to less than a hundred bytes.
    client.send(&text(&"x".repeat(5000)));
    let mut header = [0; 2];
    client.stream.read_exact(&mut header).unwrap();
    assert_eq!(header[0], FIN | RSV1 | TEXT);
    assert!(header[1] < 100, "{} bytes", header[1]);
    let mut payload = vec![0; header[1].into()];
    client.stream.read_exact(&mut payload).unwrap();
    // The server can decompress these bytes, too.
    client.send(&[frame(FIN | RSV1 | TEXT, &payload), close(1000, "")].concat());
    let mut again = vec![0; 2 + payload.len()];
    client.stream.read_exact(&mut again).unwrap();
    assert_eq!(again, [&header[..], &payload].concat());
    assert_eq!(client.receive_close(), Some(1000));
}

#[test]
fn a_message_that_inflates_beyond_the_limit_is_answered_with_1009() {
    let server = Server::start(&["--deflate", "--max-message", "4"]);
    let mut client = connect_offering(&server, "permessage-deflate");
    client.send(&frame(RSV1 | TEXT, &HELLO[..4]));
    client.send(&frame(FIN, &HELLO[4..]));
    assert_eq!(client.receive_close(), Some(1009));
}

#[test]
fn a_payload_that_is_not_deflate_is_answered_with_1007() {
    let server = Server::start(&["--deflate"]);
    let mut client = connect_offering(&server, "permessage-deflate");
    client.send(&frame(FIN | RSV1 | TEXT, &[0xFF, 0xFF, 0xFF]));
    assert_eq!(client.receive_close(), Some(1007));
}

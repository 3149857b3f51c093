//! All that two sides can agree on about compression, each agreement from an opening handshake of its own.

use protocol::{
    DeflateOptions, Limits, NegotiatedDeflate, Role, Uri,
    extension::{Level, WindowBits},
    handshake::{ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

/// Options that one byte stands for: a bit for each side without takeover, and three for each side's window.
pub fn options(byte: u8) -> DeflateOptions {
    // Eight of them, so there are no others.
    let window = |bits: u8| WindowBits::new(8 + bits % 8).unwrap_or(WindowBits::MAX);
    DeflateOptions {
        server_no_context_takeover: byte & 1 != 0,
        client_no_context_takeover: byte & 2 != 0,
        server_max_window_bits: window(byte >> 2),
        client_max_window_bits: window(byte >> 5),
        // However small a message is.
        threshold: 0,
        level: Level::FAST,
    }
}

/// What a client and a server agree on that both want the same, as the client sees it and as the server does.
///
/// # Panics
/// When they cannot agree.
pub fn agree(options: &DeflateOptions) -> (NegotiatedDeflate, NegotiatedDeflate) {
    let uri: Uri = "ws://server.example.com/chat".parse().expect("a URI");
    let mut client = ClientRequest::new(uri).deflate(options.clone()).handshake(Nonce([0; 16]), Limits::DEFAULT);

    let mut server = ServerHandshake::new(Limits::DEFAULT);
    server.input().extend_from_slice(&client.request_bytes());
    let Ok(Status::Complete(request)) = server.poll() else { panic!("the request is complete") };
    let upgrade = request.check_upgrade().expect("it asks for WebSocket");
    let acceptance = UpgradeOptions { deflate: Some(options.clone()), ..UpgradeOptions::default() };
    let accepted = upgrade.accept(acceptance).expect("nothing is in the way");

    client.input().extend_from_slice(&encode_response(&accepted.response));
    let Ok(Status::Complete(opened)) = client.poll() else { panic!("the server has agreed") };
    (opened.compression.expect("agreed"), accepted.compression.expect("agreed"))
}

/// As [`agree`]: one side's view.
///
/// # Panics
/// When they cannot agree.
pub fn agreed(role: Role, options: &DeflateOptions) -> NegotiatedDeflate {
    let (client, server) = agree(options);
    if role == Role::Client { client } else { server }
}

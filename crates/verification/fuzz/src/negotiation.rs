//! Negotiates compression in a real opening handshake, with parameters from an input.

use protocol::{
    DeflateOptions, Limits, NegotiatedDeflate, Role, Uri,
    extension::WindowBits,
    handshake::{ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

/// Decodes compression options from a byte in which each side has one bit for context takeover and
/// three bits for the size of the window.
pub fn options(byte: u8) -> DeflateOptions {
    // The eight possible values, 8 to 15, are all valid. So `new()` never returns `None`, and the
    // fallback is never used.
    let window = |bits: u8| WindowBits::new(8 + bits % 8).unwrap_or(WindowBits::MAX);
    DeflateOptions::default()
        .server_no_context_takeover(byte & 1 != 0)
        .client_no_context_takeover(byte & 2 != 0)
        .server_max_window_bits(window(byte >> 2))
        .client_max_window_bits(window(byte >> 5))
        // Compress even the smallest messages. Inputs are short, so most of their messages would
        // otherwise be sent uncompressed.
        .threshold(0)
}

/// Runs an opening handshake in which both sides use the same options. Returns the negotiated
/// parameters twice: as the client sees them, and as the server sees them.
///
/// # Panics
/// Panics if the client and the server do not negotiate compression.
pub fn negotiate(options: &DeflateOptions) -> (NegotiatedDeflate, NegotiatedDeflate) {
    let uri: Uri = "ws://server.example.com/chat".parse().expect("the URI is valid");
    let mut client = ClientRequest::new(uri).deflate(options.clone()).handshake(Nonce([0; 16]), Limits::DEFAULT);

    let mut server = ServerHandshake::new(Limits::DEFAULT);
    server.input().extend_from_slice(&client.request_bytes());
    let Ok(Status::Complete(request)) = server.poll() else { panic!("the request is complete") };
    let upgrade = request.check_upgrade().expect("the request is valid");
    let accepted = upgrade.accept(UpgradeOptions::default().deflate(options.clone())).expect("the choice is valid");

    client.input().extend_from_slice(&encode_response(&accepted.response));
    let Ok(Status::Complete(established)) = client.poll() else { panic!("the server has accepted") };
    let negotiated = "both sides want compression";
    (established.deflate.expect(negotiated), accepted.deflate.expect(negotiated))
}

/// Runs an opening handshake as [`negotiate`] does. Returns the negotiated parameters as the
/// endpoint in this role sees them.
///
/// # Panics
/// Panics if the client and the server do not negotiate compression.
pub fn negotiated_by(role: Role, options: &DeflateOptions) -> NegotiatedDeflate {
    let (client, server) = negotiate(options);
    if role == Role::Client { client } else { server }
}

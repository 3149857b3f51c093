//! RFC 7692, sections 5 and 7.1: the negotiation of permessage-deflate.

mod answer;
mod offer;
mod validation;

use protocol::{
    DeflateOptions,
    extension::WindowBits,
    handshake::{ClientRequest, UpgradeOptions},
};
use testkit::{
    handshake::{accept_request, request_text},
    http_head::{HeadBuilder, header_value},
};

const DEFAULT: DeflateOptions = DeflateOptions::DEFAULT;
const FRUGAL: DeflateOptions = DeflateOptions::FRUGAL;

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// Returns the options of a server that compresses with at most this window.
fn server_window(window: u8) -> DeflateOptions {
    DEFAULT.server_max_window_bits(bits(window))
}

/// Returns the options of a client that compresses with at most this window, or of a server that
/// asks its clients to do so.
fn client_window(window: u8) -> DeflateOptions {
    DEFAULT.client_max_window_bits(bits(window))
}

/// Returns the extensions that a request offers.
fn offer_of(request: ClientRequest) -> String {
    header_value(&request_text(request), "Sec-WebSocket-Extensions").expect("extensions are offered").to_owned()
}

/// Returns the server's answer to these offers, each on its own header line. If the server
/// declines, the response has no such header field, and the answer is empty.
fn answer(options: &DeflateOptions, offers: &[&str]) -> String {
    let head = HeadBuilder::request().with_each("Sec-WebSocket-Extensions", offers);
    let options = UpgradeOptions::default().deflate(options.clone());
    let accepted = accept_request(&head, options).expect("compression is the only extension");
    let list: Vec<String> = accepted.extensions.iter().map(ToString::to_string).collect();
    let header = accepted.response.headers().get("sec-websocket-extensions").map(|value| value.to_str().unwrap());
    assert_eq!(header.unwrap_or_default(), list.join(", "));
    assert_eq!(accepted.deflate.is_some(), !list.is_empty());
    list.join(", ")
}

/// Parameters that are invalid in an offer and in an answer.
const INVALID_PARAMETERS: [&str; 33] = [
    // Unknown parameters, and misspelt names.
    "; x",
    "; mode=fast",
    "; max_window_bits=10",
    "; server_max_window_bit=10",
    "; Server_no_context_takeover",
    "; server_no_context_takeover; x",
    // Values of parameters that have none.
    "; server_no_context_takeover=1",
    "; server_no_context_takeover=true",
    "; client_no_context_takeover=0",
    "; client_no_context_takeover=\"client_no_context_takeover\"",
    // Missing values, and values that are out of range or malformed.
    "; server_max_window_bits",
    "; server_max_window_bits=7",
    "; server_max_window_bits=16",
    "; server_max_window_bits=0",
    "; server_max_window_bits=08",
    "; server_max_window_bits=010",
    "; server_max_window_bits=+9",
    "; server_max_window_bits=-9",
    "; server_max_window_bits=0x9",
    "; server_max_window_bits=9.0",
    "; server_max_window_bits=1e1",
    "; server_max_window_bits=265",
    "; server_max_window_bits=a",
    "; client_max_window_bits=7",
    "; client_max_window_bits=16",
    "; client_max_window_bits=08",
    "; client_max_window_bits=+8",
    "; client_max_window_bits=ten",
    // Repetitions, equal or not.
    "; server_no_context_takeover; server_no_context_takeover",
    "; client_no_context_takeover; client_no_context_takeover",
    "; server_max_window_bits=10; server_max_window_bits=10",
    "; server_max_window_bits=10; server_max_window_bits=11",
    "; client_max_window_bits=9; client_max_window_bits=9",
];

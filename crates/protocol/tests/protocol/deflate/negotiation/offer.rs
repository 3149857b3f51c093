//! The client's offers.

use protocol::{UsageError, extension::WindowBits, handshake::Extension};
use testkit::handshake::{client_request, request_text};

use super::{DEFAULT, FRUGAL, bits, client_window, offer_of, server_window};

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client that wants to use a compression extension MUST name it in the
//# `Sec-WebSocket-Extensions` header of its request.
//= docs/src/rfc7692.md#section-5
//= type=test
//# In an offer, the client MUST inform the server of the largest window that it can decompress
//# with.
//= docs/src/rfc7692.md#section-5
//= type=test
//# The client MAY also state, as a hint, the largest window that it will compress with.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A client MAY offer `server_no_context_takeover`, so that it need not keep a window between
//# messages.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A client MAY offer `client_no_context_takeover`, as a hint that it will not use takeover,
//# whatever the response says.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A client MAY offer `server_max_window_bits`, so that it need not keep a larger window.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A client MAY offer `client_max_window_bits`, with or without a value, to say that it understands
//# the parameter in a response.
#[test]
fn each_option_has_its_parameter_in_the_offer() {
    let all = FRUGAL.server_max_window_bits(bits(10)).client_max_window_bits(bits(9));
    for (options, expected) in [
        (DEFAULT, "permessage-deflate; client_max_window_bits"),
        (server_window(8), "permessage-deflate; server_max_window_bits=8; client_max_window_bits"),
        (client_window(10), "permessage-deflate; client_max_window_bits=10"),
        (FRUGAL, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"),
        (
            all,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; \
             client_max_window_bits=9",
        ),
    ] {
        assert_eq!(offer_of(client_request().deflate(options)), expected);
    }
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client MAY offer the same extension several times with different parameters.
#[test]
fn several_offers_are_listed_in_order() {
    let request =
        client_request().extension(Extension::new("x-one").unwrap()).deflate(server_window(10)).deflate(DEFAULT);
    assert_eq!(
        offer_of(request),
        "x-one, permessage-deflate; server_max_window_bits=10; client_max_window_bits, \
         permessage-deflate; client_max_window_bits"
    );
}

#[test]
fn compression_is_not_offered_by_default() {
    assert!(!request_text(client_request()).contains("Extensions"));
}

#[test]
fn a_window_has_8_to_15_bits() {
    for wrong in [0, 7, 16, 255] {
        assert_eq!(WindowBits::new(wrong), Err(UsageError::WindowBits(wrong)));
    }
    assert_eq!((8..=15).map(|bits| WindowBits::new(bits).unwrap().bytes()).max(), Some(32768));
}

//! The server's answer to the client's offers.

use protocol::{
    DeflateOptions, UsageError,
    handshake::{Extension, UpgradeOptions},
};
use testkit::{handshake::accept_request, http_head::HeadBuilder};

use super::{DEFAULT, FRUGAL, INVALID_PARAMETERS, answer, client_window, server_window};

#[track_caller]
fn assert_answers(options: &DeflateOptions, offer: &str, expected: &str) {
    assert_eq!(answer(options, &[offer]), expected, "to {offer}");
}

#[track_caller]
fn assert_declines(options: &DeflateOptions, offer: &str) {
    assert_answers(options, offer, "");
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# To accept an offer, the server MUST name the extension in the `Sec-WebSocket-Extensions` header
//# of its response.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A server that accepts an offer with `server_no_context_takeover` MUST repeat the parameter in
//# its response.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# It is RECOMMENDED that a server can compress without takeover when an offer requests it.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A server that accepts an offer with `server_max_window_bits` MUST respond with the same value or
//# a smaller one.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server MAY respond with `client_no_context_takeover`, offered or not, so that it need not keep
//# a window between messages.
#[test]
fn each_parameter_of_an_offer_has_its_answer() {
    for (offer, expected) in [
        ("permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
        ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9"),
        ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"),
        ("permessage-deflate; client_max_window_bits=8", "permessage-deflate; client_max_window_bits=8"),
        ("permessage-deflate; client_max_window_bits=15", "permessage-deflate; client_max_window_bits=15"),
        (
            "permessage-deflate; client_max_window_bits=11; server_max_window_bits=12; client_no_context_takeover; \
             server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; \
             client_max_window_bits=11",
        ),
    ] {
        assert_answers(&DEFAULT, offer, expected);
    }
}

#[test]
fn values_of_parameters_may_be_quoted() {
    assert_answers(
        &DEFAULT,
        "permessage-deflate; server_max_window_bits=\"10\"",
        "permessage-deflate; server_max_window_bits=10",
    );
    assert_answers(
        &DEFAULT,
        "permessage-deflate;client_max_window_bits = \"1\\2\"",
        "permessage-deflate; client_max_window_bits=12",
    );
}

//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A server MAY respond with `server_no_context_takeover` even if it was not offered.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server MAY respond with `client_no_context_takeover`, offered or not, so that it need not keep
//# a window between messages.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A server MAY respond with `server_max_window_bits` even if it was not offered.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A server MAY respond with `client_max_window_bits` if it was offered.
#[test]
fn a_server_may_answer_with_parameters_that_were_not_offered() {
    assert_answers(
        &FRUGAL,
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    );
    assert_answers(&server_window(10), "permessage-deflate", "permessage-deflate; server_max_window_bits=10");
    let offer = "permessage-deflate; client_max_window_bits";
    assert_answers(&client_window(10), offer, "permessage-deflate; client_max_window_bits=10");
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# The server MUST fully support the configuration in its response.
#[test]
fn the_smaller_of_two_windows_is_negotiated() {
    for (offered, own, agreed) in [(15, 9, 9), (10, 12, 10), (12, 12, 12), (8, 15, 8)] {
        for (options, parameter) in
            [(server_window(own), "server_max_window_bits"), (client_window(own), "client_max_window_bits")]
        {
            assert_answers(
                &options,
                &format!("permessage-deflate; {parameter}={offered}"),
                &format!("permessage-deflate; {parameter}={agreed}"),
            );
        }
    }
}

//= docs/src/rfc7692.md#section-7
//= type=test
//# A server MUST decline an offer of a configuration that it does not support.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` was not offered, the server MUST NOT respond with it.
#[test]
fn client_max_window_bits_is_not_answered_unless_it_was_offered() {
    // Such a client may use a window of 32 KiB. A server that cannot decompress such a window
    // declines the offer.
    assert_declines(&client_window(14), "permessage-deflate");
    assert_declines(&client_window(14), "permessage-deflate; server_max_window_bits=10");
    assert_answers(&client_window(15), "permessage-deflate", "permessage-deflate");
}

//= docs/src/rfc7692.md#section-7
//= type=test
//# A server MUST decline an offer with a parameter that is not defined for offers.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A server MUST decline an offer with a parameter whose value is invalid.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A server MUST decline an offer that has the same parameter twice.
//= docs/src/rfc7692.md#section-5
//= type=test
//# A server that declines all offers MUST NOT name a compression extension in its response.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without
//# leading zeros, in an offer as well as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits,
//# without leading zeros.
#[test]
fn an_invalid_offer_is_declined_and_the_connection_opens() {
    for wrong in INVALID_PARAMETERS {
        assert_declines(&DEFAULT, &format!("permessage-deflate{wrong}"));
    }
    for wrong in
        ["; client_max_window_bits; client_max_window_bits", "; client_max_window_bits; client_max_window_bits=9"]
    {
        assert_declines(&DEFAULT, &format!("permessage-deflate{wrong}"));
    }
}

#[test]
fn another_extension_is_not_accepted_as_permessage_deflate() {
    for other in ["x-webkit-deflate-frame", "permessage-bzip2", "Permessage-Deflate", "deflate", "permessage-deflate2"]
    {
        assert_declines(&DEFAULT, other);
    }
    assert_eq!(answer(&DEFAULT, &[]), "");
}

#[test]
fn the_first_acceptable_offer_is_accepted() {
    let fallback = "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=12, \
                    permessage-deflate";
    assert_answers(&DEFAULT, fallback, "permessage-deflate; server_max_window_bits=12");
    for wrong in INVALID_PARAMETERS {
        let offers = format!("x-other; a=1, permessage-deflate{wrong}, permessage-deflate; client_max_window_bits");
        assert_answers(&DEFAULT, &offers, "permessage-deflate");
    }
    // Offers on several lines. One server declines the first offer, and the other server accepts
    // it.
    let lines = ["permessage-deflate; server_no_context_takeover", "permessage-deflate; client_max_window_bits"];
    assert_eq!(answer(&client_window(10), &lines), "permessage-deflate; client_max_window_bits=10");
    assert_eq!(answer(&DEFAULT, &lines), "permessage-deflate; server_no_context_takeover");
}

#[test]
fn a_server_without_deflate_options_declines() {
    let head = HeadBuilder::request().with("Sec-WebSocket-Extensions: permessage-deflate");
    let accepted = accept_request(&head, UpgradeOptions::default()).unwrap();
    assert_eq!((accepted.extensions, accepted.deflate), (Vec::new(), None));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A server MUST NOT accept a compression extension together with another extension that uses RSV1
//# too.
#[test]
fn permessage_deflate_is_not_accepted_together_with_another_extension_that_uses_rsv1() {
    let head = HeadBuilder::request().with("Sec-WebSocket-Extensions: permessage-bzip2, permessage-deflate, x-other");
    let accept = |name: &str| {
        let options = UpgradeOptions::default().extension(Extension::new(name).unwrap()).deflate(DEFAULT);
        accept_request(&head, options).map(|accepted| accepted.extensions.len())
    };
    assert_eq!(accept("permessage-bzip2"), Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("permessage-deflate"), Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("x-other"), Ok(2));
    // Two conflicting extensions that the caller adds are also rejected.
    let two = ["permessage-bzip2", "permessage-deflate"]
        .into_iter()
        .fold(UpgradeOptions::default(), |options, name| options.extension(Extension::new(name).unwrap()));
    let rejected = accept_request(&head, two).map(|_| "accepted");
    assert_eq!(rejected, Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
}

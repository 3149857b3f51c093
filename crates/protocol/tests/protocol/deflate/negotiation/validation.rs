//! The client's validation of the server's answer, and the parameters that both endpoints then use.

use protocol::{
    DeflateOptions, HandshakeViolation, NegotiatedDeflate, Role,
    extension::{Deflater, Inflater, WindowBits},
    handshake::extensions::parse_line,
    handshake::{ClientRequest, Extension},
    observer::negotiated_deflate,
};
use testkit::{
    deflate::{ReferenceInflater, incompressible_bytes, negotiate},
    handshake::{check_response, client_request},
    http_head::HeadBuilder,
};

use super::{DEFAULT, FRUGAL, INVALID_PARAMETERS, answer, client_window, offer_of, server_window};

fn response_to(offers: &[DeflateOptions], response: &str) -> Result<Option<NegotiatedDeflate>, HandshakeViolation> {
    let request = offers.iter().cloned().fold(client_request(), ClientRequest::deflate);
    let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {response}"));
    let established = check_response(request, &head)?;
    assert_eq!(established.extensions.len(), 1, "not the one extension in use");
    Ok(established.deflate)
}

#[track_caller]
fn assert_fails(offers: &[DeflateOptions], response: &str, what: &str) {
    match response_to(offers, response) {
        Err(violation @ HandshakeViolation::DeflateAnswerWrong(_)) => {
            let sentence = violation.to_string();
            assert!(sentence.contains(what), "{response}: {sentence}");
            assert!(sentence.ends_with("(RFC 7692, section 7)"), "{sentence}");
        }
        other => panic!("{response}: {other:?}"),
    }
}

#[test]
fn each_valid_answer_is_accepted() {
    for response in [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=\"15\"",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=15",
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9; client_no_context_takeover; \
         server_no_context_takeover",
    ] {
        assert!(matches!(response_to(&[DEFAULT], response), Ok(Some(_))), "{response}");
    }
}

//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response has a parameter that is not defined for
//# responses.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response has a parameter whose value is invalid.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response has the same parameter twice.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# In a response, `client_max_window_bits` MUST have a value.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without
//# leading zeros, in an offer as well as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits,
//# without leading zeros.
#[test]
fn an_invalid_answer_fails_the_handshake() {
    for wrong in INVALID_PARAMETERS {
        assert_fails(&[DEFAULT], &format!("permessage-deflate{wrong}"), "the parameter");
    }
    assert_fails(&[DEFAULT], "permessage-deflate; client_max_window_bits", "client_max_window_bits has no value");
    assert_fails(&[DEFAULT], "permessage-deflate; x=1", "the parameter 'x' is unknown");
    assert_fails(&[DEFAULT], "permessage-deflate; server_max_window_bits=16", "cannot have the value '16'");
    let twice = "permessage-deflate; server_no_context_takeover; server_no_context_takeover";
    assert_fails(&[DEFAULT], twice, "server_no_context_takeover is there twice");
}

//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response requires a configuration that it does not
//# support.
#[test]
fn an_answer_that_ignores_a_parameter_of_the_offer_fails_the_handshake() {
    let without = DEFAULT.server_no_context_takeover(true);
    assert_fails(std::slice::from_ref(&without), "permessage-deflate", "matches none of the offers");
    assert_fails(&[server_window(10)], "permessage-deflate", "matches none of the offers");
    assert_fails(&[server_window(10)], "permessage-deflate; server_max_window_bits=11", "matches none of the offers");
    assert_fails(
        &[server_window(10), without],
        "permessage-deflate; server_max_window_bits=11",
        "matches none of the offers",
    );
    let accepts = |offers: &[DeflateOptions], response| matches!(response_to(offers, response), Ok(Some(_)));
    assert!(accepts(&[server_window(10)], "permessage-deflate; server_max_window_bits=9"));
    // The second offer demands less.
    assert!(accepts(&[server_window(10), DEFAULT], "permessage-deflate; server_max_window_bits=11"));
    assert!(accepts(&[server_window(10), DEFAULT], "permessage-deflate"));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# If the response is invalid, for example because it accepts an extension that was not offered,
//# the client MUST fail the connection.
#[test]
fn an_answer_without_an_offer_fails_the_handshake() {
    let head = HeadBuilder::response().with("Sec-WebSocket-Extensions: permessage-deflate");
    let not_offered = HandshakeViolation::ExtensionNotOffered("permessage-deflate".to_owned());
    assert_eq!(check_response(client_request(), &head).map(|_| "opened"), Err(not_offered.clone()));
    let request = client_request().extension(Extension::new("x-other").unwrap());
    assert_eq!(check_response(request, &head).map(|_| "opened"), Err(not_offered));
    // Nor can the server accept parameters that match none of the offers.
    let two = [server_window(10), server_window(9)];
    let not_requested = HandshakeViolation::DeflateAnswerWrong("it matches none of the offers".to_owned());
    assert_eq!(response_to(&two[..1], "permessage-deflate"), Err(not_requested.clone()));
    assert_eq!(response_to(&two, "permessage-deflate; server_max_window_bits=11"), Err(not_requested));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client that receives a response with two extensions that use RSV1 MUST fail the connection.
#[test]
fn an_answer_with_two_extensions_that_use_rsv1_fails_the_handshake() {
    let request = || client_request().extension(Extension::new("permessage-bzip2").unwrap()).deflate(DEFAULT);
    for (response, second) in [
        ("permessage-deflate, permessage-deflate", "permessage-deflate"),
        ("permessage-bzip2, permessage-deflate", "permessage-deflate"),
        ("permessage-deflate, permessage-bzip2", "permessage-bzip2"),
    ] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {response}"));
        let violation = check_response(request(), &head).map(|_| "opened").unwrap_err();
        assert_eq!(violation, HandshakeViolation::ExtensionConflict(second.to_owned()));
        assert!(violation.to_string().ends_with("(RFC 7692, section 5)"), "{violation}");
    }
}

/// The parameters of one endpoint: the window of its compressor, and whether each direction uses
/// context takeover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OwnParameters {
    window_bits: WindowBits,
    sends_with_takeover: bool,
    receives_with_takeover: bool,
}

impl From<&NegotiatedDeflate> for OwnParameters {
    fn from(negotiated: &NegotiatedDeflate) -> Self {
        let deflater = Deflater::new(negotiated);
        Self {
            window_bits: deflater.window_bits(),
            sends_with_takeover: deflater.takes_over(),
            receives_with_takeover: Inflater::new(negotiated).takes_over(),
        }
    }
}

#[test]
fn an_observer_derives_the_negotiated_parameters_from_the_heads() {
    let server_alone = DEFAULT.server_no_context_takeover(true);
    let client_alone = DEFAULT.client_no_context_takeover(true);
    let all = [DEFAULT, FRUGAL, server_window(9), client_window(10), server_alone, client_alone];
    for client in &all {
        for server in &all {
            let negotiated = negotiate(client, server);
            let offer = offer_of(client_request().deflate(client.clone()));
            let answer = answer(server, &[&offer]);
            let (offered, accepted) = (parse_line(&offer).unwrap(), parse_line(&answer).unwrap());
            for role in [Role::Client, Role::Server] {
                let endpoint = OwnParameters::from(&negotiated.clone().of(role));
                let seen = negotiated_deflate(role, &offered, &accepted).unwrap().expect("accepted");
                let observer = OwnParameters::from(&seen);
                // A client may use a smaller window or no takeover even if the answer allows more,
                // and an observer cannot know that.
                let context = format!("{role:?}: {offer} and {answer}");
                assert!(endpoint.window_bits <= observer.window_bits, "{context}");
                assert!(observer.sends_with_takeover || !endpoint.sends_with_takeover, "{context}");
                assert_eq!(observer.receives_with_takeover, endpoint.receives_with_takeover, "{context}");
            }
        }
    }
}

#[test]
fn an_observer_rejects_an_invalid_answer() {
    let seen = |offer: &str, answer: &str| {
        let elements = |line: &str| if line.is_empty() { Vec::new() } else { parse_line(line).unwrap() };
        negotiated_deflate(Role::Server, &elements(offer), &elements(answer))
    };
    let is_wrong = |offer, answer| matches!(seen(offer, answer), Err(HandshakeViolation::DeflateAnswerWrong(_)));
    let plain = "permessage-deflate";
    assert_eq!(seen(plain, ""), Ok(None), "the server declines");
    assert_eq!(seen("bbf-usp-protocol", "bbf-usp-protocol"), Ok(None), "another extension");
    assert!(is_wrong("", plain), "no offer");
    assert!(is_wrong("permessage-deflate; unheard_of", plain), "an invalid offer cannot be accepted");
    assert!(is_wrong("bbf-usp-protocol", plain), "another offer");
    assert!(is_wrong(plain, "permessage-deflate; client_max_window_bits=10"), "the client may not know the parameter");
    assert!(is_wrong(plain, "permessage-deflate; unheard_of"), "an unknown parameter");
    assert!(is_wrong("permessage-deflate; server_no_context_takeover", plain), "the server must repeat the parameter");
    let second = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert!(seen(second, plain).unwrap().is_some(), "the second offer");
    let twice = "permessage-deflate, permessage-deflate";
    assert!(
        matches!(seen(twice, twice), Err(HandshakeViolation::ExtensionConflict(_))),
        "two extensions that use RSV1"
    );
}

#[test]
fn without_an_answer_nothing_is_compressed() {
    let established = check_response(client_request().deflate(DEFAULT), &HeadBuilder::response()).unwrap();
    assert_eq!((established.extensions, established.deflate), (Vec::new(), None));
}

//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A client that offers `client_max_window_bits` with a value MUST NOT use a larger window, even if
//# the response allows it.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Up to the agreed size, the client MAY use a window of any size, regardless of its hint.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A client MUST be able to compress without takeover when the response requires it.
#[test]
fn a_client_keeps_its_hints_whatever_the_answer_allows() {
    // The message is repeated at a distance of 600 bytes, which a window of 9 bits does not reach.
    let message = incompressible_bytes(600);
    // Returns whether the compressor refers back 600 bytes, and whether it refers to an earlier
    // message.
    let refers_far_and_to_earlier = |offers: &[DeflateOptions], response: &str| {
        let negotiated = response_to(offers, response).unwrap().expect("accepted");
        let mut deflater = Deflater::new(&negotiated);
        let mut reference = ReferenceInflater::default();
        assert_eq!(reference.inflate(&deflater.deflate(&message.repeat(2), true)), message.repeat(2));
        let repeated = deflater.deflate(&message[..100], true).len();
        (reference.farthest == 600, repeated < 100)
    };
    let silent = "permessage-deflate";
    assert_eq!(refers_far_and_to_earlier(&[DEFAULT], silent), (true, true));
    assert!(!refers_far_and_to_earlier(&[DEFAULT], "permessage-deflate; client_max_window_bits=9").0);
    assert!(!refers_far_and_to_earlier(&[client_window(9)], silent).0);
    assert!(!refers_far_and_to_earlier(&[client_window(9)], "permessage-deflate; client_max_window_bits=15").0);
    assert!(!refers_far_and_to_earlier(&[client_window(15)], "permessage-deflate; client_max_window_bits=9").0);
    let alone = DEFAULT.client_no_context_takeover(true);
    assert!(!refers_far_and_to_earlier(std::slice::from_ref(&alone), silent).1);
    assert!(!refers_far_and_to_earlier(&[DEFAULT], "permessage-deflate; client_no_context_takeover").1);
    // The answer does not name the offer that it accepts, so the client keeps the hints of every
    // offer that the answer could accept.
    assert!(!refers_far_and_to_earlier(&[DEFAULT, alone], silent).1);
    assert!(!refers_far_and_to_earlier(&[DEFAULT, client_window(9)], silent).0);
}

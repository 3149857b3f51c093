//! RFC 7692, sections 5 and 7.1: the client's offers, the server's answer, and the client's
//! validation of the answer.

use protocol::{
    DeflateOptions, HandshakeViolation, NegotiatedDeflate, Role, UsageError,
    extension::{Deflater, Inflater, WindowBits},
    handshake::extensions::parse_line,
    handshake::{ClientRequest, Extension, UpgradeOptions},
    observer::negotiated_deflate,
};
use testkit::{
    deflate::{ReferenceInflater, incompressible_bytes, negotiate},
    handshake::{accept_request, check_response, client_request, request_text},
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
/// wants it to.
fn client_window(window: u8) -> DeflateOptions {
    DEFAULT.client_max_window_bits(bits(window))
}

// ---- The client's offer -------------------------------------------------------------------------

/// Returns the extensions that a request offers.
fn offer_of(request: ClientRequest) -> String {
    header_value(&request_text(request), "Sec-WebSocket-Extensions").expect("extensions are offered").to_owned()
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client that would like messages to be compressed MUST name the extension in the `Sec-WebSocket-Extensions` header
//# of its request.
//= docs/src/rfc7692.md#section-5
//= type=test
//# The client MUST let the server know how large a window it can decompress with.
//= docs/src/rfc7692.md#section-5
//= type=test
//# The client MAY hint how large a window it will compress with at most.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A client MAY offer `server_no_context_takeover`, so that it need not keep a window from one message to the next.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A client MAY offer `client_no_context_takeover`, as a hint that it will not use takeover, whatever the response
//# says.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A client MAY offer `server_max_window_bits`, so that it need not keep more than that.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A client MAY offer `client_max_window_bits`, with or without a value, to say that it understands the parameter in a
//# response.
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
//# The same extension MAY be offered several times, with different parameters.
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

// ---- The server's answer ------------------------------------------------------------------------

/// Returns the server's answer to these offers, one header line each. If the server declines, there
/// is no header, and the answer is empty.
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
//# To accept an offer, the server MUST name the extension in the `Sec-WebSocket-Extensions` header of its response.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A server that accepts an offer with `server_no_context_takeover` MUST repeat the parameter in its response.
//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# It is RECOMMENDED that a server can do without takeover when it is asked to.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A server that accepts an offer with `server_max_window_bits` MUST respond with the same value or a smaller one.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A server MAY respond with `client_max_window_bits` if it was offered.
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

//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without leading zeros, in an
//# offer as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits, without leading zeros.
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
//# A server MAY respond with `server_no_context_takeover` unasked.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server MAY respond with `client_no_context_takeover`, offered or not, so that it need not keep a window from one
//# message to the next.
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A server MAY respond with `server_max_window_bits` unasked.
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
//# The server MUST fully support what its response says.
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
//# A server MUST decline an offer of something that it does not support.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` was not offered, the server MUST NOT respond with it.
#[test]
fn client_max_window_bits_is_not_answered_unless_it_was_offered() {
    // Such a client may use a window of 32 KiB. A server that cannot decompress that declines the
    // offer.
    assert_declines(&client_window(14), "permessage-deflate");
    assert_declines(&client_window(14), "permessage-deflate; server_max_window_bits=10");
    assert_answers(&client_window(15), "permessage-deflate", "permessage-deflate");
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
//# A server that declines all offers MUST NOT name an extension of this kind in its response.
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
    let fallback = "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=12, permessage-deflate";
    assert_answers(&DEFAULT, fallback, "permessage-deflate; server_max_window_bits=12");
    for wrong in INVALID_PARAMETERS {
        let offers = format!("x-other; a=1, permessage-deflate{wrong}, permessage-deflate; client_max_window_bits");
        assert_answers(&DEFAULT, &offers, "permessage-deflate");
    }
    // Offers on several lines. One server declines the first offer, the other accepts it.
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
//# A server MUST NOT accept such an extension beside another one that uses RSV1 too.
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
    // Two such extensions of the caller's own conflict too.
    let two = ["permessage-bzip2", "permessage-deflate"]
        .into_iter()
        .fold(UpgradeOptions::default(), |options, name| options.extension(Extension::new(name).unwrap()));
    let rejected = accept_request(&head, two).map(|_| "accepted");
    assert_eq!(rejected, Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
}

// ---- The client's validation of the answer ------------------------------------------------------

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
//# A client MUST fail the connection if the response has a parameter that is not defined for responses.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response has a parameter whose value is invalid.
//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response has the same parameter twice.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# In a response, `client_max_window_bits` MUST have a value.
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
//# A client MUST fail the connection if the response asks for something that it does not support.
#[test]
fn an_answer_that_ignores_a_parameter_of_the_offer_fails_the_handshake() {
    let without = DEFAULT.server_no_context_takeover(true);
    assert_fails(std::slice::from_ref(&without), "permessage-deflate", "not what was asked for");
    assert_fails(&[server_window(10)], "permessage-deflate", "not what was asked for");
    assert_fails(&[server_window(10)], "permessage-deflate; server_max_window_bits=11", "not what was asked for");
    assert_fails(
        &[server_window(10), without],
        "permessage-deflate; server_max_window_bits=11",
        "not what was asked for",
    );
    let accepts = |offers: &[DeflateOptions], response| matches!(response_to(offers, response), Ok(Some(_)));
    assert!(accepts(&[server_window(10)], "permessage-deflate; server_max_window_bits=9"));
    // The second offer demands less.
    assert!(accepts(&[server_window(10), DEFAULT], "permessage-deflate; server_max_window_bits=11"));
    assert!(accepts(&[server_window(10), DEFAULT], "permessage-deflate"));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# If the response is invalid, because it accepts what was not offered for example, the client MUST fail the
//# connection.
#[test]
fn an_answer_without_an_offer_fails_the_handshake() {
    let head = HeadBuilder::response().with("Sec-WebSocket-Extensions: permessage-deflate");
    let not_offered = HandshakeViolation::ExtensionNotOffered("permessage-deflate".to_owned());
    assert_eq!(check_response(client_request(), &head).map(|_| "opened"), Err(not_offered.clone()));
    let request = client_request().extension(Extension::new("x-other").unwrap());
    assert_eq!(check_response(request, &head).map(|_| "opened"), Err(not_offered));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client that gets a response with two extensions that use RSV1 MUST fail the connection.
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
                // A client may use less than the answer allows, and an observer cannot know that.
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
//# A client that offers `client_max_window_bits` with a value MUST NOT use a larger window, even if the response allows
//# it.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Below the value agreed on, the client MAY use a window of any size, whatever it had hinted.
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
    // The answer does not name the offer that it accepts, so the client keeps the hints of all that
    // it may accept.
    assert!(!refers_far_and_to_earlier(&[DEFAULT, alone], silent).1);
    assert!(!refers_far_and_to_earlier(&[DEFAULT, client_window(9)], silent).0);
}

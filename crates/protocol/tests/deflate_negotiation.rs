//! RFC 7692, sections 5 and 7.1: what is offered, what is answered, and what a client makes of the answer.

mod common;

use common::{
    deflate::{Inflated, agree, header_line},
    head::{Head, NONCE, ask, client_judges, server_judges},
};
use protocol::{
    DeflateOptions, Limits, NegotiatedDeflate, Role, UsageError, Violation,
    extension::{Deflater, Inflater, WindowBits},
    handshake::{ClientRequest, Extension, UpgradeOptions, UpgradeResponse, extensions::parse_line},
};

const DEFAULT: DeflateOptions = DeflateOptions::DEFAULT;
const FRUGAL: DeflateOptions = DeflateOptions::FRUGAL;

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// A server that compresses with this window at most.
fn server_window(window: u8) -> DeflateOptions {
    DeflateOptions { server_max_window_bits: bits(window), ..DEFAULT }
}

/// A client that compresses with this window at most, or a server that wants it to.
fn client_window(window: u8) -> DeflateOptions {
    DeflateOptions { client_max_window_bits: bits(window), ..DEFAULT }
}

// ---- The client's offer -----------------------------------------------------------------------------------------------

fn offered(request: ClientRequest) -> String {
    let bytes = request.handshake(NONCE, Limits::DEFAULT).request_bytes();
    let line = header_line(std::str::from_utf8(&bytes).unwrap());
    line.strip_prefix("Sec-WebSocket-Extensions: ").unwrap().to_owned()
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
fn the_offer_says_what_the_options_say() {
    let all = DeflateOptions { server_max_window_bits: bits(10), client_max_window_bits: bits(9), ..FRUGAL };
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
        assert_eq!(offered(ask().deflate(options)), expected);
    }
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# The same extension MAY be offered several times, with different parameters.
#[test]
fn a_second_offer_is_there_to_fall_back_on() {
    let request = ask().extension(Extension::new("x-one").unwrap()).deflate(server_window(10)).deflate(DEFAULT);
    assert_eq!(
        offered(request),
        "x-one, permessage-deflate; server_max_window_bits=10; client_max_window_bits, \
         permessage-deflate; client_max_window_bits"
    );
}

#[test]
fn nothing_is_offered_unasked() {
    let bytes = ask().handshake(NONCE, Limits::DEFAULT).request_bytes();
    assert!(!String::from_utf8(bytes.to_vec()).unwrap().contains("Extensions"));
}

#[test]
fn a_window_has_8_to_15_bits() {
    for wrong in [0, 7, 16, 255] {
        assert_eq!(WindowBits::new(wrong), Err(UsageError::WindowBits(wrong)));
    }
    assert_eq!((8..=15).map(|bits| WindowBits::new(bits).unwrap().bytes()).max(), Some(32768));
}

// ---- The server's choice ----------------------------------------------------------------------------------------------

fn accepted(options: &DeflateOptions, offers: &[&str]) -> UpgradeResponse {
    let mut head = Head::request();
    for line in offers {
        head = head.with(format!("Sec-WebSocket-Extensions: {line}"));
    }
    let choice = UpgradeOptions { deflate: Some(options.clone()), ..UpgradeOptions::default() };
    server_judges(&head).expect("it is right").accept(choice).expect("nothing is in the way")
}

/// The server's answer; empty where it declines, and then there is no header.
fn answer(options: &DeflateOptions, offers: &[&str]) -> String {
    let accepted = accepted(options, offers);
    let list: Vec<String> = accepted.extensions.iter().map(ToString::to_string).collect();
    let header = accepted.response.headers().get("sec-websocket-extensions").map(|value| value.to_str().unwrap());
    assert_eq!(header.unwrap_or_default(), list.join(", "));
    assert_eq!(accepted.compression.is_some(), !list.is_empty());
    list.join(", ")
}

#[track_caller]
fn answers(options: &DeflateOptions, offer: &str, expected: &str) {
    assert_eq!(answer(options, &[offer]), expected, "to {offer}");
}

#[track_caller]
fn declines(options: &DeflateOptions, offer: &str) {
    answers(options, offer, "");
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
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server MAY respond with `client_no_context_takeover`, offered or not, so that it need not keep a window from one
//# message to the next.
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
        answers(&DEFAULT, offer, expected);
    }
}

#[test]
fn values_may_be_quoted() {
    answers(
        &DEFAULT,
        "permessage-deflate; server_max_window_bits=\"10\"",
        "permessage-deflate; server_max_window_bits=10",
    );
    answers(
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
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A server MAY respond with `client_max_window_bits` if it was offered.
#[test]
fn a_server_limits_itself_and_the_client_unasked() {
    answers(
        &FRUGAL,
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    );
    answers(&server_window(10), "permessage-deflate", "permessage-deflate; server_max_window_bits=10");
    let offer = "permessage-deflate; client_max_window_bits";
    answers(&client_window(10), offer, "permessage-deflate; client_max_window_bits=10");
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# The server MUST fully support what its response says.
#[test]
fn the_smaller_of_two_windows_is_agreed_on() {
    for (offered, own, agreed) in [(15, 9, 9), (10, 12, 10), (12, 12, 12), (8, 15, 8)] {
        for side in ["server", "client"] {
            let options = if side == "server" { server_window(own) } else { client_window(own) };
            answers(
                &options,
                &format!("permessage-deflate; {side}_max_window_bits={offered}"),
                &format!("permessage-deflate; {side}_max_window_bits={agreed}"),
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
fn a_client_that_does_not_know_the_parameter_is_not_limited_by_it() {
    // It may send with 32 KiB; a server that cannot have that goes without compression.
    declines(&client_window(14), "permessage-deflate");
    declines(&client_window(14), "permessage-deflate; server_max_window_bits=10");
    answers(&client_window(15), "permessage-deflate", "permessage-deflate");
}

/// What is wrong with an offer of permessage-deflate, behind its name.
const WRONG_IN_BOTH: [&str; 33] = [
    // Unknown parameters, and names that are almost right.
    "; x",
    "; mode=fast",
    "; max_window_bits=10",
    "; server_max_window_bit=10",
    "; Server_no_context_takeover",
    "; server_no_context_takeover; x",
    // Values where none belong.
    "; server_no_context_takeover=1",
    "; server_no_context_takeover=true",
    "; client_no_context_takeover=0",
    "; client_no_context_takeover=\"client_no_context_takeover\"",
    // No value, and values outside the range or off the grammar.
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
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without leading zeros, in an
//# offer as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits, without leading zeros.
#[test]
fn an_offer_that_is_not_understood_is_declined_and_the_connection_opens() {
    for wrong in WRONG_IN_BOTH {
        declines(&DEFAULT, &format!("permessage-deflate{wrong}"));
    }
    for wrong in
        ["; client_max_window_bits; client_max_window_bits", "; client_max_window_bits; client_max_window_bits=9"]
    {
        declines(&DEFAULT, &format!("permessage-deflate{wrong}"));
    }
}

#[test]
fn another_extension_is_not_mistaken_for_it() {
    for other in ["x-webkit-deflate-frame", "permessage-bzip2", "Permessage-Deflate", "deflate", "permessage-deflate2"]
    {
        declines(&DEFAULT, other);
    }
    assert_eq!(answer(&DEFAULT, &[]), "");
}

#[test]
fn the_first_offer_that_can_be_met_is_accepted() {
    let fallback = "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=12, permessage-deflate";
    answers(&DEFAULT, fallback, "permessage-deflate; server_max_window_bits=12");
    for wrong in WRONG_IN_BOTH {
        let offers = format!("x-other; a=1, permessage-deflate{wrong}, permessage-deflate; client_max_window_bits");
        answers(&DEFAULT, &offers, "permessage-deflate");
    }
    // Over several lines, and with one that only this server has to decline.
    let lines = ["permessage-deflate; server_no_context_takeover", "permessage-deflate; client_max_window_bits"];
    assert_eq!(answer(&client_window(10), &lines), "permessage-deflate; client_max_window_bits=10");
    assert_eq!(answer(&DEFAULT, &lines), "permessage-deflate; server_no_context_takeover");
}

#[test]
fn a_server_without_options_declines() {
    let head = Head::request().with("Sec-WebSocket-Extensions: permessage-deflate");
    let accepted = server_judges(&head).unwrap().accept(UpgradeOptions::default()).unwrap();
    assert_eq!((accepted.extensions, accepted.compression), (Vec::new(), None));
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A server MUST NOT accept such an extension beside another one that uses RSV1 too.
#[test]
fn it_is_not_accepted_beside_another_extension_that_uses_rsv1() {
    let head = Head::request().with("Sec-WebSocket-Extensions: permessage-bzip2, permessage-deflate, x-other");
    let choice = |name: &str| UpgradeOptions {
        extensions: vec![Extension::new(name).unwrap()],
        deflate: Some(DEFAULT),
        ..UpgradeOptions::default()
    };
    let accept = |name| server_judges(&head).unwrap().accept(choice(name)).map(|accepted| accepted.extensions.len());
    assert_eq!(accept("permessage-bzip2"), Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("permessage-deflate"), Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("x-other"), Ok(2));
    // Nor are two such of the caller's own.
    let two = UpgradeOptions {
        extensions: ["permessage-bzip2", "permessage-deflate"].map(|name| Extension::new(name).unwrap()).into(),
        ..UpgradeOptions::default()
    };
    let refused = server_judges(&head).unwrap().accept(two).map(|_| "accepted");
    assert_eq!(refused, Err(UsageError::ExtensionConflict("permessage-deflate".to_owned())));
}

// ---- The client's judgement -------------------------------------------------------------------------------------------

fn judged(offers: &[DeflateOptions], response: &str) -> Result<Option<NegotiatedDeflate>, Violation> {
    let request = offers.iter().cloned().fold(ask(), ClientRequest::deflate);
    let head = Head::response().with(format!("Sec-WebSocket-Extensions: {response}"));
    let opened = client_judges(request, &head)?;
    assert_eq!(opened.extensions.len(), 1, "what is in use can be seen");
    Ok(opened.compression)
}

#[track_caller]
fn fails(offers: &[DeflateOptions], response: &str, what: &str) {
    match judged(offers, response) {
        Err(violation @ Violation::DeflateAnswerWrong(_)) => {
            let sentence = violation.to_string();
            assert!(sentence.contains(what), "{response}: {sentence}");
            assert!(sentence.ends_with("(RFC 7692, section 7)"), "{sentence}");
            assert_eq!(violation.close_code(), None, "there are no frames yet that could say so");
        }
        other => panic!("{response}: {other:?}"),
    }
}

#[test]
fn every_answer_that_fits_the_offer_opens() {
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
        assert!(matches!(judged(&[DEFAULT], response), Ok(Some(_))), "{response}");
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
//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without leading zeros, in an
//# offer as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits, without leading zeros.
#[test]
fn an_answer_that_is_not_understood_fails() {
    for wrong in WRONG_IN_BOTH {
        fails(&[DEFAULT], &format!("permessage-deflate{wrong}"), "the parameter");
    }
    fails(&[DEFAULT], "permessage-deflate; client_max_window_bits", "client_max_window_bits has no value");
    fails(&[DEFAULT], "permessage-deflate; x=1", "the parameter 'x' is unknown");
    fails(&[DEFAULT], "permessage-deflate; server_max_window_bits=16", "cannot have the value '16'");
    let twice = "permessage-deflate; server_no_context_takeover; server_no_context_takeover";
    fails(&[DEFAULT], twice, "server_no_context_takeover is there twice");
}

//= docs/src/rfc7692.md#section-7
//= type=test
//# A client MUST fail the connection if the response asks for something that it does not support.
#[test]
fn an_answer_that_does_not_do_what_was_asked_fails() {
    let without = DeflateOptions { server_no_context_takeover: true, ..DEFAULT };
    fails(std::slice::from_ref(&without), "permessage-deflate", "not what was asked for");
    fails(&[server_window(10)], "permessage-deflate", "not what was asked for");
    fails(&[server_window(10)], "permessage-deflate; server_max_window_bits=11", "not what was asked for");
    fails(&[server_window(10), without], "permessage-deflate; server_max_window_bits=11", "not what was asked for");
    assert!(judged(&[server_window(10)], "permessage-deflate; server_max_window_bits=9").is_ok());
    // A fallback asks for less.
    assert!(judged(&[server_window(10), DEFAULT], "permessage-deflate; server_max_window_bits=11").is_ok());
    assert!(judged(&[server_window(10), DEFAULT], "permessage-deflate").is_ok());
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# If the response is invalid, because it accepts what was not offered for example, the client MUST fail the
//# connection.
#[test]
fn an_answer_without_an_offer_fails() {
    let head = Head::response().with("Sec-WebSocket-Extensions: permessage-deflate");
    let not_offered = Violation::ExtensionNotOffered("permessage-deflate".to_owned());
    assert_eq!(client_judges(ask(), &head).map(|_| "opened"), Err(not_offered.clone()));
    let request = ask().extension(Extension::new("x-other").unwrap());
    assert_eq!(client_judges(request, &head).map(|_| "opened"), Err(not_offered));
    // Nor can the server accept what differs from each of the offers.
    let two = [server_window(10), server_window(9)];
    assert!(judged(&two[..1], "permessage-deflate").is_err());
    assert!(judged(&two, "permessage-deflate; server_max_window_bits=11").is_err());
}

//= docs/src/rfc7692.md#section-5
//= type=test
//# A client that gets a response with two extensions that use RSV1 MUST fail the connection.
#[test]
fn two_answers_that_use_rsv1_fail() {
    let request = || ask().extension(Extension::new("permessage-bzip2").unwrap()).deflate(DEFAULT);
    for (response, second) in [
        ("permessage-deflate, permessage-deflate", "permessage-deflate"),
        ("permessage-bzip2, permessage-deflate", "permessage-deflate"),
        ("permessage-deflate, permessage-bzip2", "permessage-bzip2"),
    ] {
        let head = Head::response().with(format!("Sec-WebSocket-Extensions: {response}"));
        let violation = client_judges(request(), &head).map(|_| "opened").unwrap_err();
        assert_eq!(violation, Violation::ExtensionConflict(second.to_owned()));
        assert!(violation.to_string().ends_with("(RFC 7692, section 5)"), "{violation}");
    }
}

/// What an agreement comes to, seen by one of the two: what it compresses with, and whether it keeps its windows.
fn terms(compression: &NegotiatedDeflate) -> (WindowBits, bool, bool) {
    let deflater = Deflater::new(compression);
    (deflater.window_bits(), deflater.takes_over(), Inflater::new(compression).takes_over())
}

#[test]
fn who_looks_on_understands_what_the_two_agree_on() {
    let server_alone = DeflateOptions { server_no_context_takeover: true, ..DEFAULT };
    let client_alone = DeflateOptions { client_no_context_takeover: true, ..DEFAULT };
    let all = [DEFAULT, FRUGAL, server_window(9), client_window(10), server_alone, client_alone];
    for client in &all {
        for server in &all {
            let (of_client, of_server) = agree(client, server);
            let offer = offered(ask().deflate(client.clone()));
            let answer = answer(server, &[&offer]);
            let (offered, accepted) = (parse_line(&offer).unwrap(), parse_line(&answer).unwrap());
            for (role, agreed) in [(Role::Client, of_client), (Role::Server, of_server)] {
                let seen = NegotiatedDeflate::negotiated(role, &offered, &accepted).unwrap().expect("they agreed");
                // What a client hinted stays its own affair, as long as it keeps to the answer.
                let (window, sends, receives) = terms(&agreed);
                assert!(window <= terms(&seen).0, "{role:?}: {offer} and {answer}");
                assert!(terms(&seen).1 || !sends, "{role:?}: {offer} and {answer}");
                assert_eq!(terms(&seen).2, receives, "{role:?}: {offer} and {answer}");
            }
        }
    }
}

#[test]
fn who_looks_on_sees_what_is_wrong_with_an_answer() {
    let seen = |offer: &str, answer: &str| {
        let elements = |line: &str| if line.is_empty() { Vec::new() } else { parse_line(line).unwrap() };
        NegotiatedDeflate::negotiated(Role::Server, &elements(offer), &elements(answer))
    };
    let is_wrong = |offer, answer| matches!(seen(offer, answer), Err(Violation::DeflateAnswerWrong(_)));
    let plain = "permessage-deflate";
    assert_eq!(seen(plain, ""), Ok(None), "the server wants none");
    assert_eq!(seen("bbf-usp-protocol", "bbf-usp-protocol"), Ok(None), "another extension");
    assert!(is_wrong("", plain), "nobody asked");
    assert!(is_wrong("permessage-deflate; unheard_of", plain), "an offer that says nothing cannot be accepted");
    assert!(is_wrong("bbf-usp-protocol", plain), "asked for was something else");
    assert!(is_wrong(plain, "permessage-deflate; client_max_window_bits=10"), "the client may not know it");
    assert!(is_wrong(plain, "permessage-deflate; unheard_of"));
    assert!(is_wrong("permessage-deflate; server_no_context_takeover", plain), "it was asked for");
    let second = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert!(seen(second, plain).unwrap().is_some(), "the second offer");
    let twice = "permessage-deflate, permessage-deflate";
    assert!(matches!(seen(twice, twice), Err(Violation::ExtensionConflict(_))), "RSV1 has one meaning");
}

#[test]
fn no_answer_is_no_compression() {
    let opened = client_judges(ask().deflate(DEFAULT), &Head::response()).unwrap();
    assert_eq!((opened.extensions, opened.compression), (Vec::new(), None));
}

//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A client that offers `client_max_window_bits` with a value MUST NOT use a larger window, even if the response allows
//# it.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Below the value agreed on, the client MAY use a window of any size, whatever it had hinted.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A client MUST be able to do without takeover when the response says so.
#[test]
fn a_client_keeps_what_it_hinted_whatever_the_answer_allows() {
    // The first copy of this is 600 bytes behind the second: beyond a window of 9 bits.
    let message: Vec<u8> = (0..600_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let goes_far_and_on = |offers: &[DeflateOptions], response: &str| {
        let compression = judged(offers, response).unwrap().expect("agreed");
        let mut deflater = Deflater::new(&compression);
        let mut read = Inflated::default();
        assert_eq!(read.read(&deflater.deflate(&message.repeat(2), true)), message.repeat(2));
        // The same again, in another message.
        let again = deflater.deflate(&message[..100], true).len();
        (read.farthest == 600, again < 100)
    };
    let silent = "permessage-deflate";
    assert_eq!(goes_far_and_on(&[DEFAULT], silent), (true, true));
    assert!(!goes_far_and_on(&[DEFAULT], "permessage-deflate; client_max_window_bits=9").0);
    assert!(!goes_far_and_on(&[client_window(9)], silent).0);
    assert!(!goes_far_and_on(&[client_window(9)], "permessage-deflate; client_max_window_bits=15").0);
    assert!(!goes_far_and_on(&[client_window(15)], "permessage-deflate; client_max_window_bits=9").0);
    let alone = DeflateOptions { client_no_context_takeover: true, ..DEFAULT };
    assert!(!goes_far_and_on(std::slice::from_ref(&alone), silent).1);
    assert!(!goes_far_and_on(&[DEFAULT], "permessage-deflate; client_no_context_takeover").1);
    // The answer does not say which offer it accepts, so all the hints that it may accept are promises.
    assert!(!goes_far_and_on(&[DEFAULT, alone], silent).1);
    assert!(!goes_far_and_on(&[DEFAULT, client_window(9)], silent).0);
}

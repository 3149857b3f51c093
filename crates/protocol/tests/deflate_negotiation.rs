//! RFC 7692, sections 5 and 7.1: what is offered, what is answered, and what a client makes of the answer.

mod common;

use common::{
    deflate::header_line,
    head::{Head, NONCE, ask, client_judges, server_judges},
};
use protocol::{
    Compression, DeflateOptions, Limits, Misuse, Violation,
    extension::WindowBits,
    handshake::{Acceptance, Accepted, ClientRequest, Extension},
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
        assert_eq!(WindowBits::new(wrong), Err(Misuse::WindowBits(wrong)));
    }
    assert_eq!((8..=15).map(|bits| WindowBits::new(bits).unwrap().bytes()).max(), Some(32768));
}

// ---- The server's choice ----------------------------------------------------------------------------------------------

fn accepted(options: &DeflateOptions, offers: &[&str]) -> Accepted {
    let mut head = Head::request();
    for line in offers {
        head = head.with(format!("Sec-WebSocket-Extensions: {line}"));
    }
    let choice = Acceptance { deflate: Some(options.clone()), ..Acceptance::default() };
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
    let accepted = server_judges(&head).unwrap().accept(Acceptance::default()).unwrap();
    assert_eq!((accepted.extensions, accepted.compression), (Vec::new(), None));
}

#[test]
fn it_is_not_accepted_beside_another_extension_that_uses_rsv1() {
    let head = Head::request().with("Sec-WebSocket-Extensions: permessage-bzip2, permessage-deflate, x-other");
    let choice = |name: &str| Acceptance {
        extensions: vec![Extension::new(name).unwrap()],
        deflate: Some(DEFAULT),
        ..Acceptance::default()
    };
    let accept = |name| server_judges(&head).unwrap().accept(choice(name)).map(|accepted| accepted.extensions.len());
    assert_eq!(accept("permessage-bzip2"), Err(Misuse::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("permessage-deflate"), Err(Misuse::ExtensionConflict("permessage-deflate".to_owned())));
    assert_eq!(accept("x-other"), Ok(2));
}

// ---- The client's judgement -------------------------------------------------------------------------------------------

fn judged(offers: &[DeflateOptions], response: &str) -> Result<Option<Compression>, Violation> {
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

#[test]
fn an_answer_without_an_offer_fails() {
    let head = Head::response().with("Sec-WebSocket-Extensions: permessage-deflate");
    let not_offered = Violation::ExtensionNotOffered("permessage-deflate".to_owned());
    assert_eq!(client_judges(ask(), &head).map(|_| "opened"), Err(not_offered.clone()));
    let request = ask().extension(Extension::new("x-other").unwrap());
    assert_eq!(client_judges(request, &head).map(|_| "opened"), Err(not_offered));
}

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

#[test]
fn no_answer_is_no_compression() {
    let opened = client_judges(ask().deflate(DEFAULT), &Head::response()).unwrap();
    assert_eq!((opened.extensions, opened.compression), (Vec::new(), None));
}

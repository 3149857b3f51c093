//! What a server reads first (sections 4.2 and 11.3).

use http::StatusCode;
use protocol::{
    Answer, Limits, Role, Violation,
    handshake::{Acceptance, Progress, Request, ServerHandshake, encode_response, refusal},
};

use crate::{
    cuts::{pieces, seed},
    targets::{HEAD_END, breaks_grammar},
};

/// Small enough that an input can go beyond them.
fn limits() -> Limits {
    Limits { head_bytes: 1024, header_lines: 12, ..Limits::DEFAULT }
}

/// Any cut gives the same request or the same violation; a violation has an answer of HTTP; a request that is accepted
/// gets a 101.
///
/// # Panics
/// If not.
pub fn run(input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let whole = read([bytes]);
    let cut = read(pieces(seed, bytes));
    if told(&whole) != told(&cut) {
        // An incomplete head is looked at only now and then, so it depends on the cut when a fault in it is noticed. It
        // must be one that is noticed in any cut once the head is complete.
        let (whole, cut) = (read([bytes, HEAD_END]), read(pieces(seed, bytes).into_iter().chain([HEAD_END])));
        assert!(
            is_no_head(&whole) && is_no_head(&cut),
            "{} in one piece, but {} in {seed:#x} pieces",
            told(&whole),
            told(&cut)
        );
    }

    let violation = match whole {
        None => return,
        Some(Ok(request)) => match request.check_upgrade() {
            Err(violation) => violation,
            Ok(upgrade) => {
                let protocol = upgrade.subprotocols().first().cloned();
                let extensions = upgrade.extensions().to_vec();
                let acceptance = Acceptance { subprotocol: protocol.clone(), extensions, ..Acceptance::default() };
                let accepted = upgrade.accept(acceptance).expect("what was offered can be accepted");
                assert_eq!(accepted.subprotocol, protocol);
                assert_eq!(accepted.response.status(), StatusCode::SWITCHING_PROTOCOLS);
                assert_one_head(&encode_response(&accepted.response));
                return;
            }
        },
        Some(Err(violation)) => violation,
    };
    assert!(matches!(violation.answer(Role::Server), Answer::Refuse(_)), "{violation:?} has no status");
    let response = refusal(&violation);
    assert!(response.status().is_client_error());
    // The sentence may hold what the client wrote. It must not become a part of the head.
    let bytes = encode_response(&response);
    let body = response.body().as_bytes();
    assert!(bytes.ends_with(body));
    assert_one_head(&bytes[..bytes.len() - body.len()]);
}

/// The first thing that comes out.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Result<Request, Violation>> {
    let mut handshake = ServerHandshake::new(limits());
    let mut received = 0;
    for piece in pieces {
        received += piece.len();
        handshake.input().extend_from_slice(piece);
        assert!(handshake.input().capacity() <= 2 * received + 1024, "memory grows with what arrives");
        match handshake.poll() {
            Ok(Progress::NeedMore(waiting)) => handshake = waiting,
            Ok(Progress::Done(done)) => return Some(Ok(done)),
            Err(violation) => return Some(Err(violation)),
        }
    }
    None
}

/// Whether it was refused for what it is, before anybody asked what it means.
fn is_no_head(outcome: &Option<Result<Request, Violation>>) -> bool {
    matches!(outcome, Some(Err(violation)) if breaks_grammar(violation))
}

/// What can be compared. What lies behind the head depends on the cut.
fn told(outcome: &Option<Result<Request, Violation>>) -> String {
    match outcome {
        None => "more is needed".to_owned(),
        Some(Err(violation)) => format!("{violation:?}"),
        Some(Ok(request)) => format!("{:?} {:?}", request.head(), request.check_upgrade().map(|_| ())),
    }
}

/// Lines, then an empty one, and nothing after it.
fn assert_one_head(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    assert_eq!(end, Some(bytes.len() - 4), "{}", String::from_utf8_lossy(bytes));
}

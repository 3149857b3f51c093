//! What a client reads first (sections 4.1 and 11.3).

use protocol::{
    Limits, Uri,
    handshake::{ClientRequest, Extension, HandshakeError, Nonce, Opened, Progress},
};

use crate::{
    cuts::{pieces, seed},
    targets::{HEAD_END, breaks_grammar},
};

/// The nonce whose Base64 is the key of section 1.3. Its answer is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`.
const NONCE: Nonce = Nonce(*b"the sample nonce");

/// What is offered.
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];
const EXTENSION: &str = "permessage-deflate";

/// Any cut gives the same answer or the same violation, and a connection opens only with what was offered.
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

    if let Some(Ok(opened)) = whole {
        assert_eq!(opened.response.status(), 101);
        let subprotocol = opened.subprotocol.as_deref();
        assert!(subprotocol.is_none_or(|name| SUBPROTOCOLS.contains(&name)), "{subprotocol:?}");
        assert!(opened.extensions.iter().all(|extension| extension.name() == EXTENSION), "{:?}", opened.extensions);
        assert!(bytes.ends_with(&opened.rest), "what follows the head are frames");
    }
}

fn request() -> ClientRequest {
    let uri: Uri = "ws://server.example.com/chat".parse().expect("a URI");
    let offer = |request: ClientRequest, name: &&str| request.subprotocol(*name).expect("a token, once");
    let request = SUBPROTOCOLS.iter().fold(ClientRequest::new(uri), offer);
    request.extension(Extension::new(EXTENSION).expect("a token"))
}

/// The first thing that comes out.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Result<Opened, HandshakeError>> {
    let limits = Limits { head_bytes: 1024, header_lines: 12, ..Limits::DEFAULT };
    let mut handshake = request().handshake(NONCE, limits);
    let mut received = 0;
    for piece in pieces {
        received += piece.len();
        handshake.input().extend_from_slice(piece);
        assert!(handshake.input().capacity() <= 2 * received + 1024, "memory grows with what arrives");
        match handshake.poll() {
            Ok(Progress::NeedMore(waiting)) => handshake = waiting,
            Ok(Progress::Done(opened)) => return Some(Ok(opened)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

/// Whether it was refused for what it is, before anybody asked what it means.
fn is_no_head(outcome: &Option<Result<Opened, HandshakeError>>) -> bool {
    matches!(outcome, Some(Err(HandshakeError::Violation(violation))) if breaks_grammar(violation))
}

/// What can be compared. How much lies behind the head depends on the cut.
fn told(outcome: &Option<Result<Opened, HandshakeError>>) -> String {
    match outcome {
        None => "more is needed".to_owned(),
        Some(Err(HandshakeError::Violation(violation))) => format!("{violation:?}"),
        Some(Err(HandshakeError::Refused(response))) => {
            format!("refused: {} {:?}", response.status(), response.headers())
        }
        Some(Ok(Opened { response, subprotocol, extensions, .. })) => {
            format!("{response:?} {subprotocol:?} {extensions:?}")
        }
    }
}

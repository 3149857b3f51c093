//! Runs one side of the opening handshake (section 4) on bytes that arrive in one read.

use http::Response;
use protocol::{
    HandshakeViolation, Limits, Uri, UsageError,
    handshake::{
        ClientHandshake, ClientRequest, Established, HandshakeError, ReceivedRequest, ServerHandshake, Status,
        UpgradeOptions, UpgradeResponse, encode_response,
    },
};

use crate::http_head::{HeadBuilder, SAMPLE_NONCE};

// ---- A server -----------------------------------------------------------------------------------

/// Passes `bytes` to a server with the default limits, in one read. Returns the request, or `None`
/// if it is incomplete.
///
/// # Errors
/// Returns the rule that the bytes break.
pub fn read_request(bytes: &[u8]) -> Result<Option<ReceivedRequest>, HandshakeViolation> {
    read_request_within(Limits::DEFAULT, bytes)
}

/// Passes `bytes` to a server with these limits, in one read. Returns the request, or `None` if it
/// is incomplete.
///
/// # Errors
/// Returns the rule that the bytes break.
pub fn read_request_within(limits: Limits, bytes: &[u8]) -> Result<Option<ReceivedRequest>, HandshakeViolation> {
    let mut handshake = ServerHandshake::new(limits);
    handshake.input().extend_from_slice(bytes);
    Ok(match handshake.poll()? {
        Status::Complete(request) => Some(request),
        Status::Partial(_) => None,
    })
}

/// Makes a server validate a complete request. Returns the request only if it is valid, so calling
/// its `check_upgrade()` method again will succeed.
///
/// # Errors
/// Returns the rule that the request breaks.
pub fn check_request(head: &HeadBuilder) -> Result<ReceivedRequest, HandshakeViolation> {
    let request = read_request(&head.bytes())?.expect("the head is complete");
    request.check_upgrade()?;
    Ok(request)
}

/// Makes a server validate a complete request. Panics if the request is not valid.
#[track_caller]
pub fn valid_request(head: &HeadBuilder) -> ReceivedRequest {
    check_request(head).unwrap_or_else(|violation| panic!("the request was rejected: {violation}"))
}

/// Makes a server accept a valid request.
///
/// # Errors
/// Returns the mistake in the options.
#[track_caller]
pub fn accept_request(head: &HeadBuilder, options: UpgradeOptions) -> Result<UpgradeResponse, UsageError> {
    valid_request(head).check_upgrade().expect("it is valid").accept(options)
}

/// Returns the 101 response to a valid request as text.
#[track_caller]
#[must_use]
pub fn accepting_response(head: &HeadBuilder, options: UpgradeOptions) -> String {
    response_text(&accept_request(head, options).expect("the options fit the request").response)
}

/// Encodes a response as text.
#[must_use]
pub fn response_text(response: &Response<String>) -> String {
    String::from_utf8(encode_response(response).to_vec()).expect("the response is UTF-8")
}

// ---- A client -----------------------------------------------------------------------------------

/// Returns a client's request without subprotocols, extensions, or an origin.
#[must_use]
pub fn client_request() -> ClientRequest {
    ClientRequest::new("ws://server.example.com/chat".parse::<Uri>().expect("a valid URI"))
}

/// Encodes a client's request as text.
#[must_use]
pub fn request_text(request: ClientRequest) -> String {
    let bytes = request.handshake(SAMPLE_NONCE, Limits::DEFAULT).request_bytes();
    String::from_utf8(bytes.to_vec()).expect("the request is ASCII")
}

/// Passes `bytes`, in one read, to a client that has sent `request`.
///
/// # Errors
/// Returns the rule that the bytes break, or the response that rejects the request.
pub fn read_response(
    request: ClientRequest,
    bytes: &[u8],
) -> Result<Status<ClientHandshake, Established>, HandshakeError> {
    let mut handshake = request.handshake(SAMPLE_NONCE, Limits::DEFAULT);
    handshake.input().extend_from_slice(bytes);
    handshake.poll()
}

/// Makes a client that has sent `request` validate a complete response. Panics if the status is
/// not 101.
///
/// # Errors
/// Returns the rule that the response breaks.
pub fn check_response(request: ClientRequest, head: &HeadBuilder) -> Result<Established, HandshakeViolation> {
    match read_response(request, &head.bytes()) {
        Ok(Status::Complete(established)) => Ok(established),
        Ok(Status::Partial(_)) => panic!("the head is complete"),
        Err(HandshakeError::Violation(violation)) => Err(violation),
        Err(HandshakeError::Rejected(response)) => panic!("not a 101: {response:?}"),
    }
}

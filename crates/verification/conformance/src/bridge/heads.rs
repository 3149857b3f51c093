//! The opening handshake in its two forms, HTTP/1.1 and HTTP/2.

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, TRANSFER_ENCODING,
        UPGRADE,
    },
    http,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The header fields that the bridge does not copy, because they belong to one HTTP/1.1 connection.
const NOT_COPIED: [hyper::header::HeaderName; 7] =
    [CONNECTION, CONTENT_LENGTH, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, TRANSFER_ENCODING, UPGRADE];

/// The value of `Upgrade` and `:protocol`.
const WEBSOCKET: &str = "websocket";

/// Returns a copy of the header fields that both HTTP versions use.
fn common(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in NOT_COPIED {
        headers.remove(name);
    }
    headers
}

/// Returns the extended CONNECT request that corresponds to an upgrade request.
pub(super) fn extended_connect<B>(upgrade: &Request<B>) -> Result<Request<()>, http::Error> {
    let host = upgrade.headers().get(HOST).map_or(&[][..], HeaderValue::as_bytes);
    let target = upgrade.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder().scheme("http").authority(host).path_and_query(target).build()?;
    let mut request = Request::builder().method(Method::CONNECT).version(Version::HTTP_2).uri(uri).body(())?;
    *request.headers_mut() = common(upgrade.headers());
    request.extensions_mut().insert(h2::ext::Protocol::from_static(WEBSOCKET));
    Ok(request)
}

/// Returns the upgrade request that corresponds to an extended CONNECT request, with `key` as its
/// key.
pub(super) fn upgrade<B, C: Default>(connect: &Request<B>, key: &str) -> Result<Request<C>, http::Error> {
    let target = connect.uri().path_and_query().map_or("/", |target| target.as_str());
    let host = connect.uri().authority().map_or("", |authority| authority.as_str());
    let mut request = Request::get(target).body(C::default())?;
    *request.headers_mut() = common(connect.headers());
    for (name, value) in [(HOST, host), (CONNECTION, UPGRADE.as_str()), (UPGRADE, WEBSOCKET), (SEC_WEBSOCKET_KEY, key)]
    {
        request.headers_mut().insert(name, HeaderValue::from_str(value)?);
    }
    Ok(request)
}

/// Translates an HTTP/2 response into the HTTP/1.1 response to an upgrade request. `key` is the key
/// in that request. A rejection keeps its status.
pub(super) fn http1_response<B, C: Default>(
    response: &Response<B>,
    key: &HeaderValue,
) -> Result<Response<C>, http::Error> {
    let mut answer = Response::new(C::default());
    *answer.headers_mut() = common(response.headers());
    *answer.status_mut() = response.status();
    if response.status() == StatusCode::OK {
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let accept = derive_accept_key(key.as_bytes());
        for (name, value) in
            [(CONNECTION, UPGRADE.as_str()), (UPGRADE, WEBSOCKET), (SEC_WEBSOCKET_ACCEPT, accept.as_str())]
        {
            answer.headers_mut().insert(name, HeaderValue::from_str(value)?);
        }
    }
    Ok(answer)
}

/// Translates the HTTP/1.1 response to an upgrade request into an HTTP/2 response. `key` is the key
/// in that request. A rejection keeps its status.
pub(super) fn http2_response<B>(response: &Response<B>, key: &str) -> Response<()> {
    let mut answer = Response::new(());
    *answer.headers_mut() = common(response.headers());
    *answer.status_mut() = match response.status() {
        StatusCode::SWITCHING_PROTOCOLS if is_accepted(response.headers(), key) => StatusCode::OK,
        // A 101 with a wrong accept value is not an answer to the bridge's request. A gateway
        // returns 502 when it receives such an invalid response.
        StatusCode::SWITCHING_PROTOCOLS => StatusCode::BAD_GATEWAY,
        status => status,
    };
    answer
}

fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| *accept == *derive_accept_key(key.as_bytes()))
}

/// Returns `true` if an HTTP/2 request is an extended CONNECT for a WebSocket.
pub(super) fn wants_websocket<B>(request: &Request<B>) -> bool {
    request.extensions().get::<h2::ext::Protocol>().is_some_and(|protocol| protocol.as_str() == WEBSOCKET)
}

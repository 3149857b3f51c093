//! Plain HTTP responses.

use dissector::printable_lines;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

/// Returns a plain-text response. Its body is `text`, which may have several lines, followed by a
/// line end. The text may quote the request, and `curl` prints the body to a terminal, so
/// characters that could control a terminal are escaped.
pub(crate) fn plain_text(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(printable_lines(text).into_owned() + "\n");
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Returns the response that a server sends when it is at its connection limit.
pub(crate) fn server_full() -> Response<String> {
    let mut response =
        plain_text(StatusCode::SERVICE_UNAVAILABLE, "the server is at its connection limit; try again later");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

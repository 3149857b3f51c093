//! The length of the body that follows a head.

use http::{HeaderMap, header};

/// The length of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// There is no body.
    None,
    /// The body has this many bytes.
    Known(u64),
    /// The body lasts until the stream ends.
    UntilEnd,
}

/// Returns the length of the body according to these header fields, or `default` if they do not
/// state a length.
pub(super) fn body_length(headers: &HeaderMap, default: BodyLength) -> BodyLength {
    // This crate does not divide a chunked body into its chunks, so it cannot find the end of such
    // a body. Show it as one body that lasts until the stream ends.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return BodyLength::UntilEnd;
    }
    match headers.get(header::CONTENT_LENGTH) {
        None => default,
        Some(length) => match length.to_str().ok().and_then(|length| length.trim().parse().ok()) {
            Some(0) => BodyLength::None,
            Some(length) => BodyLength::Known(length),
            None => BodyLength::UntilEnd,
        },
    }
}

//! Randomness: the nonce of a handshake and the masking keys of a client's frames.
//!
//! The nonce and the keys must come from a strong source. They are drawn from `rand`, which keeps
//! one `ChaCha` generator per thread, seeded and reseeded by the operating system. Its numbers are
//! as hard to predict as those of the system's own generator. Drawing a number takes a few
//! nanoseconds, whereas a system call takes hundreds.

use std::sync::Arc;

use protocol::{
    frame::{MaskingKey, MaskingKeys},
    handshake::Nonce,
};

/// Creates a nonce for `Sec-WebSocket-Key`.
pub(crate) fn nonce() -> Nonce {
    //= docs/src/rfc6455.md#section-4-1
    //# The client MUST choose 16 new random bytes for the key of each connection.
    Nonce(rand::random())
}

/// Creates a source of random masking keys.
pub(crate) fn masking_keys() -> Box<dyn MaskingKeys> {
    //= docs/src/rfc6455.md#section-10-3
    //# For each frame, a client MUST choose a new masking key that the application supplying the
    //# data cannot predict.
    //= docs/src/rfc6455.md#section-5-3
    //# Masking keys MUST come from a strong source of entropy.
    //= docs/src/rfc6455.md#section-5-3
    //# A masking key MUST NOT make it easy for a server or a proxy to predict the key of a later
    //# frame.
    Box::new(|| MaskingKey(rand::random()))
}

/// Creates a source that calls `choose` for each key, and draws a random key if `choose` returns
/// `None`.
pub(crate) fn chosen(choose: Arc<dyn Fn() -> Option<MaskingKey> + Send + Sync>) -> Box<dyn MaskingKeys> {
    let mut random = masking_keys();
    Box::new(move || choose().unwrap_or_else(|| random.next_key()))
}

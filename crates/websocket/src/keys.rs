//! Randomness: the nonce of a handshake and the masking keys of a client's frames.
//!
//! They have to come from a strong source. `rand`'s generator is `ChaCha` seeded, and seeded again, by the operating
//! system, one for each thread: as hard to predict as the system's own, and it costs nanoseconds where a system call
//! would cost hundreds.

use std::sync::Arc;

use protocol::{
    frame::{MaskingKey, MaskingKeys},
    handshake::Nonce,
};

/// A new nonce for `Sec-WebSocket-Key`.
pub(crate) fn nonce() -> Nonce {
    //= docs/src/rfc6455.md#section-4-1
    //# The 16 bytes of the key MUST be chosen at random anew for each connection.
    Nonce(rand::random())
}

/// A source of masking keys.
pub(crate) fn masking_keys() -> Box<dyn MaskingKeys> {
    //= docs/src/rfc6455.md#section-10-3
    //# For each frame a client MUST take a new masking key that whoever supplies the data cannot predict.
    //= docs/src/rfc6455.md#section-5-3
    //# Masking keys MUST come from a strong source of entropy.
    //= docs/src/rfc6455.md#section-5-3
    //# A masking key MUST NOT let a server or a proxy foresee the key of a later frame with ease.
    Box::new(|| MaskingKey(rand::random()))
}

/// A source that takes what `choose` chooses, and chance where it does not.
pub(crate) fn chosen(choose: Arc<dyn Fn() -> Option<MaskingKey> + Send + Sync>) -> Box<dyn MaskingKeys> {
    let mut random = masking_keys();
    Box::new(move || choose().unwrap_or_else(|| random.next_key()))
}

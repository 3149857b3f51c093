//! The key and the accept value, which proves to a client that the server understood the request
//! (sections 4.1, 4.2.2 and 1.3).
//!
//! ```text
//!   client: 16 random bytes ──Base64──▶ Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
//!                                                │
//!                             + 258EAFA5-E914-47DA-95CA-C5AB0DC85B11
//!                                                │ SHA-1, then Base64
//!                                                ▼
//!   server:                       Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
//! ```
//!
//! The accept value is not secret and does not prove an identity. It proves that a program that
//! supports WebSocket computed it for this request. Neither an HTTP server that merely echoes its
//! input nor a cache that holds an old response can produce the accept value. A script in a web
//! page cannot set the `Sec-WebSocket-Key` header itself, so it cannot disguise an ordinary HTTP
//! request as an opening handshake.

use base64::{Engine, engine::general_purpose};
use sha1::{Digest, Sha1};

/// The string that is appended to the key before hashing. It is a random identifier that no other
/// protocol will use by chance, so no other protocol produces the same accept values (section 1.3).
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The 16 random bytes of a client's key, new for each connection (section 4.1).
///
/// This crate has no source of randomness, so the caller supplies the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// Encodes the value of `Sec-WebSocket-Key`: 24 characters of Base64.
    //= docs/src/rfc6455.md#section-4-1
    //# The value of `Sec-WebSocket-Key` MUST be 16 random bytes in Base64.
    #[must_use]
    pub fn to_key(self) -> String {
        general_purpose::STANDARD.encode(self.0)
    }

    /// Decodes the value of `Sec-WebSocket-Key`. Returns `None` if the value is not the Base64 of
    /// 16 bytes.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        // 24 characters hold 16 bytes and four unused bits. The RFC's own example in section 4.1
        // sets some of the unused bits (erratum 3150), so ignore those bits.
        let lenient = general_purpose::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let engine = general_purpose::GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
        engine.decode(key).ok()?.try_into().ok().map(Self)
    }
}

/// Returns whether `key` is the Base64 of 16 bytes.
pub(crate) fn is_valid_key(key: &str) -> bool {
    Nonce::from_key(key).is_some()
}

/// Computes the value of `Sec-WebSocket-Accept` that answers `key` (section 4.2.2).
//= docs/src/rfc6455.md#section-4-2-2
//# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 form of the SHA-1
//# hash of the key followed by `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
//= docs/src/rfc6455.md#section-4-2-2
//# The key is hashed as text, exactly as it was sent; the server does not have to decode it.
#[must_use]
pub fn accept_key(key: &str) -> String {
    general_purpose::STANDARD.encode(accept_digest(key))
}

/// Computes the 20 bytes whose Base64 is the accept value: appends the [`GUID`] to the key, as
/// text, and hashes the result with SHA-1.
#[must_use]
pub fn accept_digest(key: &str) -> [u8; 20] {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update(GUID);
    sha1.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    //= docs/src/rfc6455.md#section-4-2-2
    //= type=test
    //# The key is hashed as text, exactly as it was sent; the server does not have to decode it.
    #[test]
    fn the_example_of_section_1_3() {
        let nonce = Nonce(*b"the sample nonce");
        assert_eq!(nonce.to_key(), "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept_key(&nonce.to_key()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn the_example_of_the_readme() {
        assert_eq!(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
    }

    #[test]
    fn a_key_is_sixteen_bytes_of_base64() {
        for valid in ["dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEA==", "AQIDBAUGBwgJCgsMDQ4PEC=="] {
            assert!(is_valid_key(valid), "{valid}");
        }
        for invalid in ["", "AQIDBAUGBwgJCgsMDQ4P", "AQIDBAUGBwgJCgsMDQ4PEBE=", "AQIDBAUGBwgJCgsMDQ4PEA", "A=AA", "!"] {
            assert!(!is_valid_key(invalid), "{invalid}");
        }
    }
}

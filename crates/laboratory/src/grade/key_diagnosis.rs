//! Recognises mistakes in the values of `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use protocol::handshake::{accept_digest, accept_key, key::GUID};
use sha1::{Digest, Sha1};

/// The length in bytes of a SHA-256 hash. A SHA-1 hash has 20.
const SHA256: usize = 32;

/// Returns what is wrong with `received`, the accept value sent in answer to `key`.
pub(crate) fn diagnose_accept(key: &str, received: &str) -> Option<String> {
    let sha1 = |parts: &[&[u8]]| STANDARD.encode(Sha1::digest(parts.concat()));
    let (bytes, guid) = (key.as_bytes(), GUID.as_bytes());
    let digest = accept_digest(key);
    let hexadecimal = hexadecimal(&digest);
    let upper = hexadecimal.to_uppercase();
    let decoded = STANDARD.decode(key).unwrap_or_default();
    let white_space = ["\r", "\n", "\r\n", " "]
        .into_iter()
        .flat_map(|space| [sha1(&[bytes, space.as_bytes(), guid]), sha1(&[space.as_bytes(), bytes, guid])]);
    let known = [
        (key.to_owned(), "it is the key itself, which was not hashed"),
        (STANDARD.encode([bytes, guid].concat()), "the key and the GUID were encoded in Base64, but not hashed"),
        (sha1(&[&decoded, guid]), "the key was decoded from Base64 before it was hashed, but it is hashed as text"),
        (
            sha1(&[bytes, GUID.to_lowercase().as_bytes()]),
            "the GUID was hashed in lower case, but it has capital letters",
        ),
        (sha1(&[bytes]), "the key was hashed without the GUID"),
        (sha1(&[guid]), "the GUID was hashed without the key"),
        (sha1(&[guid, bytes]), "the GUID was hashed before the key, but the key comes first"),
        (sha1(&[key.to_lowercase().as_bytes(), guid]), "the key was hashed in lower case, but its case matters"),
        (STANDARD.encode(&hexadecimal), "the hexadecimal digits of the hash were encoded, but its 20 bytes must be"),
        (STANDARD.encode(&upper), "the hexadecimal digits of the hash were encoded, but its 20 bytes must be"),
        (hexadecimal, "the hash was written in hexadecimal instead of Base64"),
        (upper, "the hash was written in hexadecimal instead of Base64"),
        (STANDARD_NO_PAD.encode(digest), "the = at the end is missing"),
        (URL_SAFE.encode(digest), "the alphabet of Base64 is the one with + and /"),
        (accept_key(key).to_lowercase(), "its letters are in lower case, but the case matters"),
    ];
    let white_space = white_space.map(|value| (value, "white space around the key was hashed too"));
    let found = known.into_iter().chain(white_space).find(|(value, _)| value == received);
    found.map(|(_, mistake)| mistake.to_owned()).or_else(|| match STANDARD.decode(received) {
        Ok(bytes) if bytes.len() == SHA256 => {
            Some("it is the Base64 of 32 bytes, the length of a SHA-256 hash, but SHA-1 has 20".to_owned())
        }
        Ok(bytes) if bytes.len() != digest.len() => {
            Some(format!("it is the Base64 of {} bytes, but SHA-1 has 20", bytes.len()))
        }
        _ => None,
    })
}

/// Returns what is wrong with a key that is not the Base64 of 16 bytes.
pub(crate) fn diagnose_key(key: &str) -> Option<String> {
    /// The number of bytes in a key.
    const BYTES: usize = 16;
    if let Ok(bytes) = STANDARD.decode(key).or_else(|error| URL_SAFE.decode(key).map_err(|_| error))
        && bytes.len() != BYTES
        && !is_hexadecimal(key)
    {
        return Some(format!("it is the Base64 of {} bytes", bytes.len()));
    }
    if is_hexadecimal(key) {
        Some("it is hexadecimal instead of Base64".to_owned())
    } else if URL_SAFE.decode(key).is_ok() {
        Some("the alphabet of Base64 is the one with + and /".to_owned())
    } else if STANDARD_NO_PAD.decode(key).or_else(|_| URL_SAFE_NO_PAD.decode(key)).is_ok() {
        Some("the == at the end is missing".to_owned())
    } else {
        Some("it is not Base64".to_owned())
    }
}

fn is_hexadecimal(text: &str) -> bool {
    /// Two digits for each of 16 bytes.
    const DIGITS: usize = 32;
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the example in RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[track_caller]
    fn assert_accept(received: &str, part: &str) {
        let diagnosis = diagnose_accept(KEY, received);
        assert!(diagnosis.as_ref().is_some_and(|mistake| mistake.contains(part)), "{received}: {diagnosis:?}");
    }

    /// The wrong values in `KNOWN` were computed with the commands `openssl` and `base64`.
    #[test]
    fn classic_wrong_accept_values_are_recognised() {
        assert_accept(KEY, "the key itself");
        for (received, part) in KNOWN {
            assert_accept(received, part);
        }
        assert_eq!(diagnose_accept(KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="), None);
    }

    const KNOWN: &[(&str, &str)] = &[
        ("ZEdobElITmhiWEJzWlNCdWIyNWpaUT09MjU4RUFGQTUtRTkxNC00N0RBLTk1Q0EtQzVBQjBEQzg1QjEx", "not hashed"),
        ("BXhwxM0SZasKmCD9S4BfpPmCnEw=", "decoded from Base64"),
        ("WJfwerbIozKsJXHxxI0JTO1SQgU=", "the GUID was hashed in lower case"),
        ("hHLtf2V1k8aDQZfNjw3Ia1hCwt0=", "without the GUID"),
        ("Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=", "without the key"),
        ("2OZf2Seed9yzIpkj+zvC9KS9Mjw=", "before the key"),
        ("CAV2rT4szLbzEtluVJbfjB7GFPY=", "the key was hashed in lower case"),
        ("YjM3YTRmMmNjMDYyNGYxNjkwZjY0NjA2Y2YzODU5NDViMmJlYzRlYQ==", "hexadecimal digits"),
        ("b37a4f2cc0624f1690f64606cf385945b2bec4ea", "written in hexadecimal"),
        ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo", "= at the end is missing"),
        ("s3pPLMBiTxaQ9kYGzzhZRbK-xOo=", "alphabet"),
        ("s3pplmbitxaq9kygzzhzrbk+xoo=", "lower case"),
        ("zvnId+CMmoYWpbuFiCx6kU/bpAw=", "white space"),
        ("s3mCG3XUBfFRrUGpYOBQiHm5i8g=", "white space"),
        ("c8qeCxwB8sJPxkSckeL76bKL7f642+KYzDiR7EbKyTY=", "SHA-256"),
        ("fI/F95pFHyUax3HLt0ktmQ==", "Base64 of 16 bytes"),
    ];

    #[test]
    fn wrong_keys_are_recognised() {
        for (key, part) in [
            ("746865207361 6d706c65206e6f6e6365", "not Base64"),
            ("746865207361006d706c65206e6f6e63", "hexadecimal"),
            ("dGhlIHNhbXBsZSBub25jZQ", "== at the end is missing"),
            ("dGhlIHNhbXBsZQ==", "Base64 of 10 bytes"),
            // Sixteen bytes take exactly 32 hexadecimal digits, so this key with 36 digits is
            // treated as Base64.
            ("abcdefabcdefabcdefabcdefabcdef00ab01", "Base64 of 27 bytes"),
            ("dGhlIHNhbXBsZSBub25jZXdyb25nbHk0", "Base64 of 24 bytes"),
        ] {
            let diagnosis = diagnose_key(key);
            assert!(diagnosis.as_ref().is_some_and(|mistake| mistake.contains(part)), "{key}: {diagnosis:?}");
        }
    }
}

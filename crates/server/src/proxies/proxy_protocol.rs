//! `--proxy-protocol`: the header in which a proxy reports the client's address before the client's
//! first byte. The crate `proxy-header` parses both versions of it.
//!
//! ```text
//!   version 1   PROXY TCP4 203.0.113.7 192.0.2.1 4711 443␍␊           at most 107 bytes
//!   version 2   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A  21  11  00 0C ...
//!               signature, 12 bytes             command  |   length of the rest
//!                                                      family
//! ```

use std::{io, net::SocketAddr};

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The maximum length of the whole header, in bytes. A version 2 header with nothing but addresses
/// takes 52 bytes (IPv6) or 232 (Unix). The remaining bytes are for the other fields of version 2,
/// the longest of which are the names in the client's certificate.
const MAX_HEADER: usize = 4 << 10;

/// The length of the shortest header, in bytes: in version 1, `PROXY UNKNOWN` and the line end. The
/// fixed part of a header of version 2 is one byte longer.
const SHORTEST: usize = 15;

/// Reads the header, and not one byte more. Returns the client's address. Returns `None` if the
/// header gives no IP address for the client, for example because the proxy has connected on its
/// own behalf (as for a health check), or because the client uses a Unix socket.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the bytes are not a header, or if the header is too long. Any
/// other error comes from the stream.
pub(crate) async fn read_header<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; SHORTEST];
    stream.read_exact(&mut header).await?;
    loop {
        match ProxyHeader::parse(&header, ParseConfig { include_tlvs: false, ..ParseConfig::default() }) {
            Ok((parsed, _)) => return Ok(parsed.proxied_address().map(|address| address.source)),
            Err(proxy_header::Error::BufferTooShort) => {}
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
        // The bytes after the header belong to the client: they begin TLS or a request. So read
        // only bytes that certainly belong to the header: one byte at a time in version 1, which
        // ends with a line end, and all the missing bytes at once in version 2.
        let before = header.len();
        let needed = match header.get(14..16) {
            Some(&[high, low]) if header[0] != b'P' => 16 + usize::from(u16::from_be_bytes([high, low])),
            _ => before + 1,
        };
        // If all the announced bytes have arrived but the parser needs more, the content is too
        // short for the addresses of its family, and the header is invalid.
        if needed <= before || needed > MAX_HEADER {
            let reason = if needed > MAX_HEADER { "the PROXY header is too long" } else { "invalid PROXY header" };
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        header.resize(needed, 0);
        stream.read_exact(&mut header[before..]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signature of version 2.
    const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

    /// Reads a header from the front of these bytes. Returns the address, and the bytes after the
    /// header.
    async fn read(mut bytes: &[u8]) -> io::Result<(Option<String>, Vec<u8>)> {
        let address = read_header(&mut bytes).await?;
        Ok((address.map(|address| address.to_string()), bytes.to_vec()))
    }

    /// Returns a header of version 2 with this command, family and content.
    fn version_2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("a length").to_be_bytes();
        [&SIGNATURE, &[command, family][..], &length, content].concat()
    }

    #[tokio::test]
    async fn both_versions_tell_the_address_of_the_client() {
        let ipv4 = [203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 0x01, 0xBB];
        let ipv6 = [&[0x20, 0x01, 0x0D, 0xB8][..], &[0; 11], &[1], &[0; 16], &[0x12, 0x67, 0x01, 0xBB]].concat();
        let with_fields = [&ipv4[..], &[4, 0, 3, 1, 2, 3]].concat();
        for (header, address) in [
            (b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n".to_vec(), Some("203.0.113.7:4711")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n".to_vec(), Some("[2001:db8::1]:4711")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(), None),
            (version_2(0x21, 0x11, &ipv4), Some("203.0.113.7:4711")),
            (version_2(0x21, 0x11, &with_fields), Some("203.0.113.7:4711")),
            (version_2(0x21, 0x21, &ipv6), Some("[2001:db8::1]:4711")),
            // No IP address, because the client uses a Unix socket or the proxy opened the
            // connection itself, as for a health check.
            (version_2(0x21, 0x31, &[0; 216]), None),
            (version_2(0x20, 0x00, &[]), None),
            (version_2(0x20, 0x11, &ipv4), None),
        ] {
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let expected = (address.map(str::to_owned), b"GET / HTTP/1.1\r\n".to_vec());
            assert_eq!(read(&bytes).await.expect("a header"), expected, "{header:02x?}");
            for cut in 0..header.len() {
                let error = read(&header[..cut]).await.expect_err("a part of a header");
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{header:02x?} {cut}");
            }
        }
    }

    #[tokio::test]
    async fn other_bytes_are_no_header() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".to_vec(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00".to_vec(),
            b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 70000\r\n".to_vec(),
            b"PROXY TCP4 example.org 192.0.2.1 4711 443\r\n".to_vec(),
            b"PROXY TCP5 203.0.113.7 192.0.2.1 4711 443\r\n".to_vec(),
            version_2(0x22, 0x11, &[0; 12]),
            version_2(0x21, 0x44, &[0; 12]),
            version_2(0x21, 0x11, &[0; 11]),
        ] {
            let error = read(&bytes).await.expect_err("no header");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bytes:02x?}");
            assert!(!error.to_string().contains("too long"), "{error}");
        }
    }

    #[tokio::test]
    async fn the_length_is_limited() {
        let endless = [&b"PROXY TCP4 "[..], &[b'1'; 8 << 10]].concat();
        assert_eq!(read(&endless).await.expect_err("no end").kind(), io::ErrorKind::InvalidData);
        // The header must be rejected because of its announced length alone, before the announced
        // bytes arrive.
        let announced = [&SIGNATURE[..], &[0x21, 0x11, 0xFF, 0xFF]].concat();
        let error = read(&announced).await.expect_err("too long");
        assert_eq!(
            (error.kind(), error.to_string()),
            (io::ErrorKind::InvalidData, "the PROXY header is too long".into())
        );
        // A header of exactly the maximum length is accepted.
        let longest = version_2(0x20, 0x00, &vec![0; MAX_HEADER - 16]);
        assert_eq!(read(&longest).await.expect("a header"), (None, Vec::new()));
    }
}

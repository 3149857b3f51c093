//! The tunnel through an HTTP proxy (RFC 9110, section 9.3.6).
//!
//! ```text
//!   CONNECT example.org:443 HTTP/1.1␍␊                HTTP/1.1 200 OK␍␊
//!   Host: example.org:443␍␊                           ...␍␊
//!   Proxy-Authorization: Basic dXNlcjpwYXNz␍␊         ␍␊
//!   ␍␊                                                <bytes of the server>
//! ```

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use protocol::{HandshakeViolation, Limits, handshake::parse_response};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::{error::ProxyError, url::Credentials};

/// The maximum number of bytes to look at in one read. The answer to `CONNECT` is usually shorter.
const READ: usize = 1 << 10;

/// A stream whose next bytes can be looked at before they are read.
pub(crate) trait Peek: AsyncRead + AsyncWrite + Unpin {
    /// Waits for bytes, and copies them without removing them from the stream. Returns the number
    /// of bytes copied, which is 0 at the end of the stream.
    async fn peek(&mut self, bytes: &mut [u8]) -> io::Result<usize>;
}

impl Peek for TcpStream {
    async fn peek(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        Self::peek(self, bytes).await
    }
}

#[cfg(feature = "tls")]
impl Peek for crate::tls::ClientTlsStream<TcpStream> {
    async fn peek(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let decrypted = tokio::io::AsyncBufReadExt::fill_buf(self).await?;
        let count = decrypted.len().min(bytes.len());
        bytes[..count].copy_from_slice(&decrypted[..count]);
        Ok(count)
    }
}

/// Makes an HTTP proxy connect to a host and a port. If this function succeeds, the next byte of
/// the stream comes from the server.
pub(super) async fn open(
    stream: &mut impl Peek,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
    limits: &Limits,
) -> Result<(), ProxyError> {
    stream.write_all(request(host, port, credentials).as_bytes()).await.map_err(ProxyError::Broken)?;
    stream.flush().await.map_err(ProxyError::Broken)?;
    loop {
        match read_status(stream, limits).await? {
            status if status.is_success() => return Ok(()),
            // A 1xx response is provisional: another response follows.
            status if status.is_informational() => {}
            status => return Err(ProxyError::Status { status, with_credentials: credentials.is_some() }),
        }
    }
}

/// Returns the request. The host and the port were validated when their URI was parsed, so they
/// contain no line break that could begin a header field.
fn request(host: &str, port: u16, credentials: Option<&Credentials>) -> String {
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let authorization = credentials.map_or_else(String::new, |Credentials { user, password }| {
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
    });
    format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n")
}

/// Reads the head of an answer and not one byte more, because the bytes after the head come from
/// the server and belong to TLS or to the opening handshake.
async fn read_status(stream: &mut impl Peek, limits: &Limits) -> Result<StatusCode, ProxyError> {
    let mut head = Vec::new();
    loop {
        // Look at the bytes without removing them from the stream, then remove those that belong to
        // the head. The head may arrive in several pieces, and each iteration of this loop handles
        // one of them.
        let mut peeked = [0; READ];
        let count = stream.peek(&mut peeked).await.map_err(ProxyError::Broken)?;
        if count == 0 {
            return Err(ProxyError::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let before = head.len();
        head.extend_from_slice(&peeked[..count]);
        let end = end_of_head(&head, before);
        let taken = end.unwrap_or(head.len()) - before;
        stream.read_exact(&mut peeked[..taken]).await.map_err(ProxyError::Broken)?;
        head.truncate(before + taken);
        if head.len() > limits.max_head_bytes {
            let limit = limits.max_head_bytes;
            return Err(ProxyError::Answer(HandshakeViolation::HeadTooLong { limit }));
        }
        // Parse after the first read too, even if the head is incomplete, to reject a proxy that
        // does not speak HTTP. Such a proxy may wait for bytes from us and never send an empty
        // line.
        if (end.is_some() || before == 0)
            && let Some((response, _)) = parse_response(&head, limits).map_err(ProxyError::Answer)?
        {
            return Ok(response.status());
        }
    }
}

/// Returns the length of the head, including its empty line. The first `searched` bytes have
/// already been searched.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    // The empty line may begin in the last two bytes that were already searched.
    let from = searched.saturating_sub(2);
    (from..bytes.len())
        .find(|&at| bytes[at..].starts_with(b"\n\r\n") || bytes[at..].starts_with(b"\n\n"))
        .map(|at| if bytes[at + 1] == b'\r' { at + 3 } else { at + 2 })
}

#[cfg(test)]
mod tests {
    use testkit::tasks::is_pending;
    use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, duplex};

    use super::*;

    #[test]
    fn the_request_names_the_host_and_the_port() {
        assert_eq!(request("example.org", 80, None), "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n\r\n");
        // The example from RFC 7617, section 2.
        let credentials = Credentials { user: "Aladdin".to_owned(), password: "open sesame".to_owned() };
        assert_eq!(
            request("::1", 443, Some(&credentials)),
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\
             \r\n"
        );
    }

    #[test]
    fn the_head_ends_with_an_empty_line() {
        for (head, rest) in [
            ("HTTP/1.1 200 OK\r\n\r\n", "rest"),
            ("HTTP/1.1 200 OK\nA: b\n\n", "\n\n"),
            ("A\r\n\r\n", ""),
            // Some lines end without CR.
            ("A\n\r\n", "rest"),
            ("A\r\n\n", "rest"),
        ] {
            let bytes = [head, rest].concat();
            assert_eq!(end_of_head(bytes.as_bytes(), 0), Some(head.len()));
            // The head arrives in two parts. Try every byte of the head as the point where they
            // meet.
            for searched in 1..head.len() {
                assert_eq!(end_of_head(&bytes.as_bytes()[..searched], 0), None);
                assert_eq!(end_of_head(bytes.as_bytes(), searched), Some(head.len()), "{head:?} {searched}");
            }
        }
    }

    impl Peek for BufReader<DuplexStream> {
        async fn peek(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let buffered = self.fill_buf().await?;
            let count = buffered.len().min(bytes.len());
            bytes[..count].copy_from_slice(&buffered[..count]);
            Ok(count)
        }
    }

    /// The head may arrive in two pieces. The second may also contain bytes from the server, which
    /// must stay in the stream.
    #[tokio::test]
    async fn an_answer_in_pieces_is_read_to_its_end_and_no_further() {
        let head = b"HTTP/1.1 200 OK\r\nVia: proxy\r\n\r\n";
        let mut limits = Limits::DEFAULT;
        limits.max_head_bytes = head.len();
        for cut in 1..head.len() {
            let (stream, mut proxy) = duplex(1 << 10);
            let mut stream = BufReader::new(stream);
            proxy.write_all(&head[..cut]).await.unwrap();
            let mut reading = Box::pin(read_status(&mut stream, &limits));
            assert!(is_pending(&mut reading), "{cut}");
            proxy.write_all(&[&head[cut..], b"rest"].concat()).await.unwrap();
            assert_eq!(reading.await.unwrap(), StatusCode::OK, "{cut}");
            drop(proxy);
            let mut rest = String::new();
            stream.read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, "rest", "{cut}");
        }
    }
}

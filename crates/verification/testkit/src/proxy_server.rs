//! Proxies on the loopback interface, for tests of clients: HTTP proxies that answer `CONNECT`, and
//! SOCKS5 proxies (RFC 1928 and RFC 1929), written by hand.
//!
//! A proxy connects every client to the same server, whatever host the client asked for. Tests can
//! therefore use host names that do not resolve.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A proxy that runs until it is dropped.
pub struct ProxyServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl ProxyServer {
    /// Starts an HTTP proxy that connects every client to `server`.
    pub async fn http(server: SocketAddr) -> Self {
        Self::http_with("HTTP/1.1 200 Connection established\r\n\r\n", server).await
    }

    /// Starts an HTTP proxy that sends `answer` to every client, and then connects the client to
    /// `server`.
    pub async fn http_with(answer: &'static str, server: SocketAddr) -> Self {
        Self::start(move |mut client, requests| async move {
            let head = read_head(&mut client).await?;
            requests.lock().expect("no panic").push(head);
            client.write_all(answer.as_bytes()).await?;
            forward(client, server).await
        })
        .await
    }

    /// Starts an HTTP proxy that sends `answer` to every client, and then ends the connection.
    pub async fn http_without_tunnel(answer: &'static str) -> Self {
        Self::start(move |mut client, requests| async move {
            let head = read_head(&mut client).await?;
            requests.lock().expect("no panic").push(head);
            client.write_all(answer.as_bytes()).await?;
            client.shutdown().await
        })
        .await
    }

    /// Starts a SOCKS5 proxy that connects every client to `server`. If `credentials` (a user name
    /// and a password) are given, the proxy requires them.
    pub async fn socks(server: SocketAddr, credentials: Option<(&'static str, &'static str)>) -> Self {
        Self::start(move |mut client, requests| async move {
            if !socks_greeting(&mut client, credentials).await? {
                return Ok(());
            }
            let target = socks_request(&mut client).await?;
            requests.lock().expect("no panic").push(target);
            client.write_all(&socks_reply(0)).await?;
            forward(client, server).await
        })
        .await
    }

    /// Starts a SOCKS5 proxy that answers every request with this code.
    pub async fn socks_refusing(code: u8) -> Self {
        Self::start(move |mut client, requests| async move {
            socks_greeting(&mut client, None).await?;
            let target = socks_request(&mut client).await?;
            requests.lock().expect("no panic").push(target);
            client.write_all(&socks_reply(code)).await
        })
        .await
    }

    /// Starts a proxy that serves each client with `serve`.
    async fn start<F>(serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Ignore the result of the task: if a client is not served, the test itself
                // notices.
                drop(tokio::spawn(serve(client, Arc::clone(&recorded))));
            }
        });
        Self { address, requests, task }
    }

    /// Returns the address on which the proxy listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what the clients have asked for: for an HTTP request, its complete head; for a
    /// SOCKS5 request, the host and port as `name:port`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

impl Drop for ProxyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards bytes in both directions until both directions have ended.
async fn forward(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// Reads an HTTP head, up to and including the empty line.
async fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Negotiates the authentication method, and checks the credentials if they are required. Returns
/// `true` if the client is accepted.
async fn socks_greeting(client: &mut TcpStream, credentials: Option<(&str, &str)>) -> io::Result<bool> {
    let [version, methods] = read_bytes(client).await?;
    assert_eq!(version, 5, "the version of SOCKS");
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await?;
    let wanted = if credentials.is_some() { 2 } else { 0 };
    if !offered.contains(&wanted) {
        client.write_all(&[5, 0xFF]).await?;
        return Ok(false);
    }
    client.write_all(&[5, wanted]).await?;
    let Some((user, password)) = credentials else { return Ok(true) };
    let [version] = read_bytes(client).await?;
    assert_eq!(version, 1, "the version of the authentication");
    let sent = (read_text(client).await?, read_text(client).await?);
    let is_right = sent == (user.to_owned(), password.to_owned());
    client.write_all(&[1, u8::from(!is_right)]).await?;
    Ok(is_right)
}

/// Reads the request to connect. Returns the host and the port.
async fn socks_request(client: &mut TcpStream) -> io::Result<String> {
    let [version, command, _, kind] = read_bytes(client).await?;
    assert_eq!((version, command), (5, 1), "the request to connect");
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read_bytes::<4>(client).await?).to_string(),
        3 => read_text(client).await?,
        _ => format!("[{}]", std::net::Ipv6Addr::from(read_bytes::<16>(client).await?)),
    };
    Ok(format!("{host}:{}", client.read_u16().await?))
}

/// Returns a reply with the address 0.0.0.0 and the port 0.
const fn socks_reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

async fn read_bytes<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a length byte, and then that many bytes of text. Returns the text.
async fn read_text(client: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

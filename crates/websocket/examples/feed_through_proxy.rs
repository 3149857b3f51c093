//! A client that follows a feed through an HTTP proxy, as many companies require.
//!
//! ```text
//! cargo run -p websocket --features proxy --example feed_through_proxy [PROXY URI]
//! ```
//!
//! Without arguments, the example also runs a small proxy and the feed's server, and ends after a
//! few messages. To make a client obey `HTTP_PROXY` and the related environment variables, call
//! `proxy_from_env()` instead of `proxy(...)`.

use std::{env, error::Error, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use websocket::{CloseCode, ConnectError, Connector, Proxy, ProxyError};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (proxy, uri) = match (env::args().nth(1), env::args().nth(2)) {
        (Some(proxy), Some(uri)) => (proxy, uri),
        _ => {
            let (proxy, server) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
            let addresses =
                (format!("http://user:secret@{}", proxy.local_addr()?), format!("ws://{}/", server.local_addr()?));
            tokio::spawn(run_proxy(proxy));
            tokio::spawn(run_feed(server));
            addresses
        }
    };
    let proxy: Proxy = proxy.parse()?;
    // Neither this line nor an error message shows the password.
    println!("connecting to {uri} through {proxy}");
    let mut feed = match Connector::new(&uri)?.proxy(proxy).connect().await {
        Ok(feed) => feed,
        // The error names the part that failed: the proxy, TLS, or the server.
        Err(error @ ConnectError::Proxy { error: ProxyError::Status { .. } | ProxyError::Unauthorized { .. }, .. }) => {
            println!("check the user name, the password and the rules of the proxy");
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    for _ in 0..3 {
        let Some(message) = feed.next().await else { break };
        println!("received: {}", message?);
    }
    println!("closed: {}", feed.close(CloseCode::NORMAL, "").await?);
    Ok(())
}

/// Serves a feed that counts.
async fn run_feed(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut client = websocket::accept(stream).await?;
            for number in 1_u64.. {
                client.send(number.to_string()).await?;
                // Keep reading until it is time for the next message, because `next` also answers
                // the client's Close.
                match timeout(Duration::from_millis(10), client.next()).await {
                    Ok(None) => break,
                    Ok(Some(message)) => drop(message?),
                    Err(_) => {}
                }
            }
            Ok::<(), websocket::Error>(())
        });
    }
}

/// Runs an HTTP proxy that opens tunnels. It trusts its clients far too much: it asks for no
/// password, and connects to every host and port.
async fn run_proxy(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (mut client, _) = listener.accept().await?;
        tokio::spawn(async move {
            let (reader, mut writer) = client.split();
            let mut lines = BufReader::new(reader.take(4096)).lines();
            let first = lines.next_line().await?.unwrap_or_default();
            while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
            let Some(host) = first.strip_prefix("CONNECT ").and_then(|rest| rest.strip_suffix(" HTTP/1.1")) else {
                return writer.write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n").await;
            };
            let Ok(mut server) = TcpStream::connect(host).await else {
                return writer.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
            };
            writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await.map(|_| ())
        });
    }
}

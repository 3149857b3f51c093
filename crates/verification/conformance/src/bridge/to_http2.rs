//! Accepts HTTP/1.1 connections, and opens an HTTP/2 stream for each.

use std::{error::Error, net::SocketAddr};

use bytes::Bytes;
use h2::client::SendRequest;
use http_body_util::Empty;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{HeaderValue, SEC_WEBSOCKET_KEY},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::{accept, copy::copy, heads};

/// Forwards to `server` every connection that `listener` accepts. All of them share one HTTP/2
/// connection without TLS.
///
/// # Errors
/// Fails if the server cannot be reached, if it does not allow extended CONNECT, or if the listener
/// fails.
pub async fn serve(listener: TcpListener, server: SocketAddr) -> Result<(), String> {
    let requests = connect(server).await.map_err(|error| format!("the server at {server}: {error}"))?;
    loop {
        let tcp = accept(&listener).await?;
        let requests = requests.clone();
        let service = service_fn(move |request| open_stream(requests.clone(), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(tcp), service).with_upgrades();
        tokio::spawn(async {
            // Ignore the error: if the stream cannot be opened, hyper closes the TCP connection,
            // and the suite rates that.
            let _ = connection.await;
        });
    }
}

/// Connects to a server, and waits until it allows extended CONNECT.
async fn connect(server: SocketAddr) -> Result<SendRequest<Bytes>, Box<dyn Error + Send + Sync>> {
    let tcp = TcpStream::connect(server).await?;
    tcp.set_nodelay(true)?;
    let (requests, connection) = h2::client::handshake(tcp).await?;
    tokio::spawn(connection);
    // Wait for the response to a request, because the server's SETTINGS arrive before it.
    let first = Request::get(format!("http://{server}/")).body(())?;
    let mut requests = requests.ready().await?;
    requests.send_request(first, true)?.0.await?;
    if !requests.is_extended_connect_protocol_enabled() {
        return Err("its SETTINGS do not allow extended CONNECT".into());
    }
    Ok(requests)
}

/// Performs both opening handshakes, and starts a task that copies the bytes after them.
async fn open_stream(
    requests: SendRequest<Bytes>,
    mut request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Box<dyn Error + Send + Sync>> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned().unwrap_or(HeaderValue::from_static(""));
    let connect = heads::extended_connect(&request)?;
    let (response, to_stream) = requests.ready().await?.send_request(connect, false)?;
    let response = response.await?;
    let answer = heads::http1_response(&response, &key)?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async {
            if let Ok(upgraded) = upgrading.await {
                copy(upgraded, to_stream, response.into_body()).await;
            }
        });
    }
    Ok(answer)
}

//! Accepts HTTP/2 streams, and opens an HTTP/1.1 connection for each.

use std::error::Error;

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::{accept, copy::copy, heads};

/// Accepts HTTP/2 connections without TLS, and forwards each of their streams to the authority that
/// the stream's request names. If that authority cannot be reached, the response has the
/// status 502.
///
/// # Errors
/// Fails if the listener fails.
pub async fn serve(listener: TcpListener) -> Result<(), String> {
    loop {
        let tcp = accept(&listener).await?;
        tokio::spawn(async {
            let mut http2 = h2::server::Builder::new();
            let Ok(mut connection) = http2.enable_connect_protocol().handshake(tcp).await else { return };
            // Keep calling `accept`, because it also moves the bytes of all other streams while it
            // waits for the next one.
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(open_connection(request, respond));
            }
        });
    }
}

/// Performs both opening handshakes, and then copies until both directions have ended.
async fn open_connection(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    if !heads::wants_websocket(&request) {
        return respond.send_reset(Reason::REFUSED_STREAM);
    }
    let key = generate_key();
    let response = match send_upgrade(&request, &key).await {
        Ok(response) => response,
        Err(error) => {
            println!("{}: {error}", request.uri());
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            let _ = respond.send_response(response, true);
            return;
        }
    };
    let answer = heads::http2_response(&response, &key);
    let is_rejected = answer.status() != StatusCode::OK;
    // The agent may have reset the stream in the meantime.
    let Ok(to_stream) = respond.send_response(answer, is_rejected) else { return };
    if !is_rejected && let Ok(upgraded) = hyper::upgrade::on(response).await {
        copy(upgraded, to_stream, request.into_body()).await;
    }
}

/// Connects to the request's authority, and sends it the upgrade request. Returns the response.
async fn send_upgrade(
    request: &Request<RecvStream>,
    key: &str,
) -> Result<Response<Incoming>, Box<dyn Error + Send + Sync>> {
    let authority = request.uri().authority().ok_or("the request has no :authority")?;
    let tcp = TcpStream::connect(authority.as_str()).await?;
    tcp.set_nodelay(true)?;
    let (mut requests, connection) = http1::handshake(TokioIo::new(tcp)).await?;
    tokio::spawn(connection.with_upgrades());
    let upgrade: Request<Empty<Bytes>> = heads::upgrade(request, key)?;
    Ok(requests.send_request(upgrade).await?)
}

//! The echo server with which the suite tests the axum extractor.

use std::net::SocketAddr;

use axum::{Router, response::Response, routing::any, serve::ListenerExt};
use tokio::net::{TcpListener, TcpStream};
use websocket_hyper::{
    axum::{Message, WebSocket, WebSocketUpgrade},
    websocket::DeflateOptions,
};

use crate::{bridge::to_http2, implementation::Implementation};

/// Runs an echo server at `/echo`, on a free port of the loopback interface, and prints its
/// address. For `Http2`, prints the address of a bridge instead.
///
/// # Errors
/// Fails if no port is free.
pub async fn run(of: Implementation) -> Result<(), String> {
    let (listener, address) = listen().await?;
    let app = Router::new().route("/echo", any(accept));
    let serving = async { axum::serve(listener.tap_io(without_delay), app).await.map_err(|error| error.to_string()) };
    if of != Implementation::Http2 {
        println!("listening on ws://{address}/");
        return serving.await;
    }
    let (listener, bridge) = listen().await?;
    println!("listening on ws://{bridge}/");
    tokio::try_join!(serving, to_http2::serve(listener, address)).map(|_| ())
}

/// Makes the socket send small writes without delay, as this workspace's server does.
fn without_delay(tcp: &mut TcpStream) {
    // Ignore an error here: it means that the connection is broken, and the first read will report
    // that.
    let _ = tcp.set_nodelay(true);
}

async fn listen() -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

async fn accept(upgrade: WebSocketUpgrade) -> Response {
    upgrade.deflate(DeflateOptions::default()).on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(received) = socket.recv().await {
        let sent = match received {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message).await,
            // The extractor answers Pings and the Close.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(()),
            Err(error) => Err(error),
        };
        // Keep receiving after an error, so that the connection is closed properly.
        if let Err(error) = sent {
            println!("{error}");
        }
    }
}

//! The echo server with which the suite tests the extractor of axum.

use axum::{Router, response::Response, routing::any};
use tokio::net::TcpListener;
use websocket_hyper::{
    axum::{Message, WebSocket, WebSocketUpgrade},
    websocket::DeflateOptions,
};

/// Echoes at `/echo`, on a free port of the loopback interface, and prints the address.
///
/// # Errors
/// Fails if no port is free.
pub async fn run() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    println!("listening on ws://{}/", listener.local_addr().map_err(|error| error.to_string())?);
    let app = Router::new().route("/echo", any(accept));
    axum::serve(listener, app).await.map_err(|error| error.to_string())
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

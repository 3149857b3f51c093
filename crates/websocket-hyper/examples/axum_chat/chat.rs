//! The application: a web page, and a chat room that all members share.

use axum::{
    Router,
    extract::State,
    response::{Html, Response},
    routing::{any, get},
};
use tokio::sync::broadcast::{self, Sender, error::RecvError};

use super::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};

/// The maximum size of a message, in bytes, and the maximum number of messages that wait for a slow
/// member. The room therefore holds at most 1 MiB.
const MAX_MESSAGE: usize = 16 << 10;
const MAX_WAITING: usize = 64;

/// Creates the application with an empty room.
pub(crate) fn app() -> Router {
    let (room, _) = broadcast::channel(MAX_WAITING);
    Router::new().route("/", get(Html(include_str!("page.html")))).route("/chat", any(join)).with_state(room)
}

async fn join(upgrade: WebSocketUpgrade, State(room): State<Sender<Utf8Bytes>>) -> Response {
    upgrade
        .protocols(["chat.v2", "chat.v1"])
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_failed_upgrade(|error| eprintln!("a member could not join: {error}"))
        .on_upgrade(|socket| chat(socket, room))
}

/// Serves one member until it leaves.
async fn chat(mut socket: WebSocket, room: Sender<Utf8Bytes>) {
    let mut lines = room.subscribe();
    let protocol = socket.protocol().and_then(|name| name.to_str().ok()).unwrap_or("no subprotocol");
    let greeting = format!("welcome, you speak {protocol}");
    let mut sent = socket.send(Message::text(greeting)).await;
    while sent.is_ok() {
        // Both futures are cancel safe, so neither of them loses anything if the other is ready
        // first.
        sent = tokio::select! {
            message = socket.recv() => match message {
                // `send` fails only if the room has no members, but this client is a member.
                Some(Ok(Message::Text(line))) => room.send(line).map(drop).map_err(axum::Error::new),
                Some(Ok(Message::Binary(_))) => close(&mut socket, close_code::UNSUPPORTED, "text only").await,
                // The library itself answers Pings and the Close. Keep receiving until the
                // connection ends.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => Ok(()),
                Some(Err(error)) => Err(error),
                None => return,
            },
            line = lines.recv() => match line {
                Ok(line) => socket.send(Message::Text(line)).await,
                Err(RecvError::Lagged(_)) => close(&mut socket, close_code::AGAIN, "you read too slowly").await,
                Err(RecvError::Closed) => return,
            },
        };
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &str) -> Result<(), axum::Error> {
    socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await
}

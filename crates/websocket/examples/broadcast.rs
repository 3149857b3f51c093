//! A chat server: sends each message to all clients, and encodes it only once.
//!
//! ```text
//! cargo run -p websocket --example broadcast [ADDRESS]
//! ```
//!
//! A server does not mask its frames, so one encoded frame, a [`PreparedMessage`], can be sent to
//! all clients.

use std::{env, io, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, Sender, error::RecvError},
};
use websocket::{
    CloseCode, CloseInfo, Config, Error, KeepAlive, PreparedMessage, ServerConfig, UpgradeOptions, accept_with,
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    // If a client stops reading, the task that serves it waits until the client reads again. The
    // keep-alive limits this wait.
    let keep_alive = KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) };
    let config = Arc::new(ServerConfig::default().config(Config::default().keep_alive(keep_alive)));
    // At most 64 messages are queued for each client.
    let (room, _) = broadcast::channel(64);
    loop {
        let (stream, peer) = listener.accept().await?;
        let (config, room) = (Arc::clone(&config), room.clone());
        tokio::spawn(async move {
            match join(stream, &config, &room).await {
                Ok(info) => println!("{peer}: {info}"),
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
}

/// Serves one client until it leaves.
async fn join(stream: TcpStream, config: &ServerConfig, room: &Sender<PreparedMessage>) -> Result<CloseInfo, Error> {
    let mut connection = accept_with(stream, config, |_| Ok(UpgradeOptions::default())).await?;
    let mut messages = room.subscribe();
    loop {
        // Both branches are cancel safe: the branch that is dropped loses no message.
        tokio::select! {
            received = connection.next() => match received {
                // `send` fails only if there are no receivers. This client is one of them, so
                // ignore the result.
                Some(message) => drop(room.send(PreparedMessage::new(&message?))),
                None => return Ok(connection.close_info()),
            },
            message = messages.recv() => match message {
                Ok(message) => connection.send_prepared(&message).await?,
                // More than 64 messages were queued for this client, so it has missed some.
                // Disconnect it.
                Err(RecvError::Lagged(_)) => {
                    return connection.close(CloseCode::TRY_AGAIN_LATER, "you read too slowly").await;
                }
                Err(RecvError::Closed) => return connection.close(CloseCode::GOING_AWAY, "").await,
            },
        }
    }
}

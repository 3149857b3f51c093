//! A chat on axum: sends each message to all members.
//!
//! ```text
//! cargo run -p websocket-hyper --example axum_chat [ADDRESS]
//! ```
//!
//! Open the printed address in two browser windows, or connect with any WebSocket client.

use std::{env, io};

use tokio::net::TcpListener;
// With `use axum::extract::ws;`, the same chat runs on axum's own extractor.
use websocket_hyper::axum as ws;

mod chat;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    axum::serve(listener, chat::app()).await
}

//! A client: sends a few messages, prints the answers, and closes the connection.
//!
//! ```text
//! cargo run -p websocket --example client [ADDRESS]
//! ```
//!
//! The example needs a server that answers each message, such as the example `echo_server`.

use std::{env, time::Duration};

use tokio::time::timeout;
use websocket::{CloseCode, Connector, Error, Message};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let uri = format!("ws://{address}/");
    // `websocket::connect(&uri)` does the same with default options.
    let mut connection = Connector::new(&uri)?.handshake_timeout(Duration::from_secs(5)).connect().await?;
    println!("connected to {uri}");

    for message in [Message::text("hello"), Message::binary(vec![0xCA, 0xFE]), Message::text("goodbye")] {
        connection.send(message).await?;
        // Receiving is cancel safe, so an answer that arrives after the time-out is not lost: the
        // next call returns it.
        match timeout(Duration::from_secs(5), connection.next()).await {
            Ok(Some(answer)) => println!("received: {}", answer?),
            Ok(None) => break,
            Err(_) => println!("no answer within 5 seconds"),
        }
    }

    // Send a Close, and wait until the server has answered it and closed the TCP connection.
    let info = connection.close(CloseCode::NORMAL, "done").await?;
    println!("closed: {info}");
    Ok(())
}

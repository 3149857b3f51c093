//! A client that reads and writes at the same time, in two tasks.
//!
//! ```text
//! cargo run -p websocket --example split [ADDRESS]
//! ```
//!
//! One task sends a message every 200 milliseconds, whether anything arrives or not. The other task
//! prints each message that arrives. The example needs a server that answers, such as the example
//! `echo_server`.

use std::{env, time::Duration};

use tokio::time::sleep;
use websocket::{CloseCode, Error, MaybeTlsStream, WriteHalf};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let connection = websocket::connect(&format!("ws://{address}/")).await?;
    let (mut reader, writer) = connection.into_split();
    let writing = tokio::spawn(count(writer));

    // Keep reading until the end. The read half also answers Pings, and completes the closing
    // handshake that the write half starts.
    while let Some(message) = reader.next().await {
        println!("received: {}", message?);
    }
    println!("closed: {}", reader.close_info());
    writing.await.expect("the writing task does not panic")
}

async fn count(mut writer: WriteHalf<MaybeTlsStream>) -> Result<(), Error> {
    for number in 1..=5 {
        writer.send(format!("message {number}")).await?;
        sleep(Duration::from_millis(200)).await;
    }
    writer.start_close(CloseCode::NORMAL, "that was all").await
}

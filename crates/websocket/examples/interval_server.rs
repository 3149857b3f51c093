//! A server that sends every message back, and sends a message of its own every second.
//!
//! ```text
//! cargo run -p websocket --example interval_server [ADDRESS]
//! ```

use std::{env, io, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, interval},
};
use websocket::{CloseInfo, Error, State};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            match serve(stream).await {
                Ok(info) => println!("{peer}: {info}"),
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<CloseInfo, Error> {
    let mut connection = websocket::accept(stream).await?;
    let mut ticks = interval(Duration::from_secs(1));
    // A client that reads slowly must not get the ticks that it has missed all at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Both futures are cancel safe. A message is sent outside of `select!`, because a `send`
        // that is dropped may or may not have queued it.
        let message = tokio::select! {
            message = connection.next() => message.transpose()?,
            // After a Close, nothing may be sent any more. `next` then waits for the end.
            _ = ticks.tick(), if connection.state() == State::Open => Some("tick".into()),
        };
        match message {
            Some(message) => connection.send(message).await?,
            None => return Ok(connection.close_info()),
        }
    }
}

//! A server that sends every message back, and also sends a tick every second.
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
    // A client that reads slowly must not get all of its missed ticks at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Both futures are cancel safe. Messages are sent outside `select!`, because a dropped
        // `send` may or may not have queued its message.
        let message = tokio::select! {
            message = connection.next() => message.transpose()?,
            // After a Close, nothing more may be sent. `next` then waits for the connection to end.
            _ = ticks.tick(), if connection.state() == State::Open => Some("tick".into()),
        };
        match message {
            Some(message) => connection.send(message).await?,
            None => return Ok(connection.close_info()),
        }
    }
}

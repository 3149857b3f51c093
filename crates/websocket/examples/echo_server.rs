//! An echo server: sends every message back to the client that sent it.
//!
//! ```text
//! cargo run -p websocket --example echo_server [ADDRESS]
//! ```
//!
//! Connect to it with the example `client`, or with any other WebSocket client.

use std::{env, io, time::Duration};

use tokio::net::{TcpListener, TcpStream};
use websocket::{CloseInfo, Error};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(async move {
                    match echo(stream).await {
                        Ok(info) => println!("{peer}: {info}"),
                        Err(error) => eprintln!("{peer}: {error}"),
                    }
                });
            }
            // The process may have too many open files, for example. Files are closed when other
            // clients leave, so wait a little and try again.
            Err(error) => {
                eprintln!("{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn echo(stream: TcpStream) -> Result<CloseInfo, Error> {
    // A client that is slow to send its request times out after 10 seconds.
    let mut connection = websocket::accept(stream).await?;
    // `serve` is the fastest way to answer messages immediately. Use `next` and `feed`, or `next`
    // and `send`, if you have to await something before you can answer.
    connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    Ok(connection.close_info())
}

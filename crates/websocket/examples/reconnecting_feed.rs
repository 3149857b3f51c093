//! A client that follows a feed, and reconnects whenever the connection ends.
//!
//! ```text
//! cargo run -p websocket --example reconnecting_feed [ADDRESS]
//! ```
//!
//! The delay doubles from one attempt to the next, up to half a minute, and half of each delay is
//! random. Without the random part, all clients of a server that restarts would reconnect at the
//! same moment, and could overload the server again. To try this example, start it before a server
//! (the example `broadcast`, for instance), then stop the server and start it again.

use std::{env, time::Duration};

use tokio::time::sleep;
use websocket::{CloseInfo, Config, Connector, Error, KeepAlive};

const FIRST_DELAY: Duration = Duration::from_millis(200);
const MAX_DELAY: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let uri = format!("ws://{address}/");
    let mut delay = FIRST_DELAY;
    loop {
        match follow(&uri, &mut delay).await {
            Ok(info) => println!("closed: {info}"),
            // The URI is wrong, so another attempt would fail in the same way. Give up.
            Err(error @ Error::Usage(_)) => return Err(error),
            Err(error) => println!("failed: {error}"),
        }
        let wait = delay.mul_f64(rand::random_range(0.5..1.0));
        println!("next attempt in {wait:.1?}");
        sleep(wait).await;
        delay = (2 * delay).min(MAX_DELAY);
    }
}

/// Prints the feed's messages until the connection ends.
async fn follow(uri: &str, delay: &mut Duration) -> Result<CloseInfo, Error> {
    // As long as this client sends nothing, TCP does not detect that the server is gone, and the
    // client would wait forever. The keep-alive sends Pings, and ends the connection if no Pong
    // arrives.
    let keep_alive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(10) };
    let connector = Connector::new(uri)?.config(Config::default().keep_alive(keep_alive));
    let mut connection = connector.connect().await?;
    println!("connected to {uri}");
    while let Some(message) = connection.next().await {
        println!("received: {}", message?);
        // Reset the delay only after a message has arrived, not as soon as the connection is open.
        // Otherwise a server that accepts connections and then fails at once would be flooded with
        // attempts.
        *delay = FIRST_DELAY;
    }
    Ok(connection.close_info())
}

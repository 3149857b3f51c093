//! A client on a hyper HTTP connection: requests the page, and then upgrades the same connection.
//!
//! ```text
//! cargo run -p websocket-hyper --example hyper_client [ADDRESS]
//! ```
//!
//! The example needs the example `hyper_server`.

use std::{env, error::Error};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use websocket_hyper::{
    client,
    websocket::{CloseCode, Connector},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let stream = TcpStream::connect(&address).await?;
    let (mut sender, http) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await?;
    tokio::spawn(http.with_upgrades());

    let page = sender.send_request(Request::get("/").header("Host", &address).body(Empty::new())?).await?;
    println!("the page: {}", String::from_utf8_lossy(&page.into_body().collect().await?.to_bytes()).trim_end());

    let connector = Connector::new(format!("ws://{address}/chat"))?.subprotocol("chat")?;
    let mut connection = client::connect(connector, &mut sender).await?;
    connection.send("hello").await?;
    if let Some(message) = connection.next().await {
        println!("received: {}", message?);
    }
    println!("closed: {}", connection.close(CloseCode::NORMAL, "done").await?);
    Ok(())
}

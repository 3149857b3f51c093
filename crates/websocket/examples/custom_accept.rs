//! A server that decides how to answer each request: it rejects unknown paths with 404, and chooses
//! a subprotocol for the rest.
//!
//! ```text
//! cargo run -p websocket --example custom_accept [ADDRESS]
//! ```
//!
//! Only `/chat` exists. A client may offer the subprotocols `chat.v1` and `chat.v2`.

use std::{env, io};

use tokio::net::{TcpListener, TcpStream};
use websocket::{
    CloseInfo, Error, ServerConfig, UpgradeOptions, UpgradeRequest, accept_with,
    http::{Response, StatusCode},
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/chat", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            match serve(stream).await {
                Ok(info) => println!("{peer}: {info}"),
                // If the request was rejected, this prints the status.
                Err(error) => println!("{peer}: {error}"),
            }
        });
    }
}

/// Accepts or rejects a request. `accept_with` calls this function only for a valid upgrade, and
/// rejects invalid requests itself.
fn decide(upgrade: &UpgradeRequest<'_>) -> Result<UpgradeOptions, Response<String>> {
    if upgrade.request().path() != "/chat" {
        let mut not_found = Response::new("only /chat exists here\n".to_owned());
        *not_found.status_mut() = StatusCode::NOT_FOUND;
        return Err(not_found);
    }
    let options = UpgradeOptions::default();
    // Choose in the server's order of preference. Without a match, the connection has no
    // subprotocol.
    let offered = upgrade.subprotocols();
    Ok(match ["chat.v2", "chat.v1"].into_iter().find(|name| offered.iter().any(|other| other == name)) {
        Some(name) => options.subprotocol(name),
        None => options,
    })
}

async fn serve(stream: TcpStream) -> Result<CloseInfo, Error> {
    let mut connection = accept_with(stream, &ServerConfig::default(), decide).await?;
    let greeting = format!("you speak {}", connection.subprotocol().unwrap_or("no subprotocol"));
    connection.send(greeting).await?;
    connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    Ok(connection.close_info())
}

//! Header fields of the opening handshake: the server prints those in the request and adds one to
//! the response, and the client prints those in the response.
//!
//! ```text
//! cargo run -p websocket --example server_headers
//! ```

use tokio::net::{TcpListener, TcpStream};
use websocket::{
    CloseCode, Connector, Error, ServerConfig, UpgradeOptions, accept_with,
    http::{HeaderMap, Response, StatusCode},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("ws://{}/socket", listener.local_addr()?);
    let server = tokio::spawn(async move { serve(listener.accept().await.map_err(Error::Io)?.0).await });

    let mut client = Connector::new(&uri)?.header("X-Request-Id", "7")?.connect().await?;
    println!("the client received these headers:");
    print(client.response().expect("a client has a response").headers());
    client.send("Hello WebSocket").await?;
    if let Some(message) = client.next().await {
        println!("the client received: {}", message?);
    }
    println!("closed: {}", client.close(CloseCode::NORMAL, "done").await?);
    Ok(server.await??)
}

async fn serve(stream: TcpStream) -> Result<(), Error> {
    let mut connection = accept_with(stream, &ServerConfig::default(), |upgrade| {
        println!("the server received a request for {} with these headers:", upgrade.request().path());
        print(upgrade.request().headers());
        // It is an error to add a header field that the handshake sets itself, or a value with a
        // line break.
        UpgradeOptions::default().header("X-Served-By", "websocket").map_err(|error| {
            let mut response = Response::new(error.to_string());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    })
    .await?;
    connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
}

fn print(headers: &HeaderMap) {
    for (name, value) in headers {
        // `{:?}` hides values that are credentials, such as cookies.
        println!("  {name}: {value:?}");
    }
}

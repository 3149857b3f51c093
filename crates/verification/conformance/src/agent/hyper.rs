//! The agent that uses `crates/websocket-hyper` over hyper's HTTP/1.1 connections.

use http_body_util::Empty;
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use websocket_hyper::{
    client,
    websocket::{ConnectError, Connector, DeflateOptions, Uri},
};

use super::ours::converse;

pub(super) async fn echo(url: &str) -> Result<Option<String>, String> {
    let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    // If the TCP connection cannot be opened, end the run, because no further case could run
    // either. Any other error affects only this case, so print the error and continue.
    let stream = TcpStream::connect((uri.host(), uri.port())).await.map_err(|error| error.to_string())?;
    let mut first = None;
    let (mut sender, http) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(http.with_upgrades());
    let connecting = async {
        let connector = Connector::new(url).map_err(ConnectError::Usage)?.deflate(DeflateOptions::default());
        client::connect(connector, &mut sender).await
    };
    match connecting.await {
        Ok(mut connection) => {
            if let Err(error) = converse(&mut connection, &mut first).await {
                println!("{url}: {error}");
            }
        }
        Err(error) => println!("{url}: {error}"),
    }
    Ok(first)
}

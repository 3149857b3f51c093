//! The agent that uses `crates/websocket-hyper` over HTTP/2. Its connections are streams in one
//! HTTP/2 connection to the bridge.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use websocket_hyper::{
    client::http2::{Http2Client, handshake},
    websocket::{ConnectError, Connector, DeflateOptions, HandshakeError},
};

use super::ours::converse;
use crate::bridge::to_http1;

pub(super) struct Client(Http2Client<Empty<Bytes>>);

impl Client {
    /// Starts the bridge, and connects to it.
    pub(super) async fn connect() -> Result<Self, String> {
        let problem = |error: std::io::Error| format!("the bridge: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(problem)?;
        let bridge = listener.local_addr().map_err(problem)?;
        tokio::spawn(to_http1::serve(listener));
        let stream = TcpStream::connect(bridge).await.map_err(problem)?;
        // Disable Nagle's algorithm. Otherwise, a WINDOW_UPDATE would wait for an acknowledgement,
        // and the bridge would wait for the WINDOW_UPDATE.
        stream.set_nodelay(true).map_err(problem)?;
        let (client, http) = handshake(stream).await.map_err(|error| error.to_string())?;
        tokio::spawn(http);
        Ok(Self(client))
    }

    pub(super) async fn echo(&mut self, url: &str) -> Result<Option<String>, String> {
        let mut first = None;
        let connector = Connector::new(url).map_err(|error| format!("{url}: {error}"))?;
        match self.0.connect(connector.deflate(DeflateOptions::default())).await {
            Ok(mut connection) => {
                if let Err(error) = converse(&mut connection, &mut first).await {
                    println!("{url}: {error}");
                }
            }
            // The bridge cannot open a TCP connection, so no further case can run.
            Err(ConnectError::Answer(HandshakeError::Rejected(response)))
                if response.status() == StatusCode::BAD_GATEWAY =>
            {
                return Err(format!("{url}: the bridge cannot reach the suite"));
            }
            // Any other error affects only this case, so print the error and continue.
            Err(error) => println!("{url}: {error}"),
        }
        Ok(first)
    }
}

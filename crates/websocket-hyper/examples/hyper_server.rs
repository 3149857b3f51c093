//! A server on hyper, with a page at `/` and a chat room at `/chat`. The room encodes each message
//! once, and sends it to all members.
//!
//! ```text
//! cargo run -p websocket-hyper --example hyper_server [ADDRESS]
//! ```
//!
//! Connect with any WebSocket client that can offer the subprotocol `chat`. The server rejects
//! clients that do not offer it.

use std::{env, io, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, Sender, error::RecvError},
};
use websocket_hyper::{
    WebSocket,
    websocket::{
        CloseCode, CloseInfo, Config, DeflateOptions, Error, KeepAlive, PreparedMessage, ServerConfig, UpgradeOptions,
        UpgradeRequest,
    },
};

/// The maximum number of messages that wait for a slow member.
const MAX_WAITING: usize = 64;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let keep_alive = KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) };
    let config = Config::default().keep_alive(keep_alive);
    let config = ServerConfig::default().config(config).deflate(DeflateOptions::default());
    let (room, _) = broadcast::channel(MAX_WAITING);
    loop {
        let (stream, peer) = listener.accept().await?;
        let (config, room) = (config.clone(), room.clone());
        tokio::spawn(async move {
            let service = service_fn(async |request| Ok::<_, io::Error>(answer(request, &config, &room)));
            // hyper needs a timer to enforce its deadline for a request.
            let http = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            if let Err(error) = http.with_upgrades().await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Answers one request.
fn answer(
    mut request: Request<Incoming>,
    config: &ServerConfig,
    room: &Sender<PreparedMessage>,
) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/" => Response::new("Connect to /chat, and offer the subprotocol chat.\n".into()),
        "/chat" => match websocket_hyper::upgrade_with(&mut request, config, decide) {
            Ok((response, opening)) => {
                let room = room.clone();
                tokio::spawn(async move {
                    match opening.await {
                        Ok(connection) => match chat(connection, room).await {
                            Ok(info) => println!("a member left: {info}"),
                            Err(error) => eprintln!("a member left: {error}"),
                        },
                        Err(error) => eprintln!("a member could not join: {error}"),
                    }
                });
                response
            }
            Err(rejection) => rejection.into_response(),
        },
        _ => status(StatusCode::NOT_FOUND, "only / and /chat exist here\n"),
    }
}

/// Accepts or rejects a request that is already known to be a valid WebSocket request.
fn decide(upgrade: &UpgradeRequest<'_>) -> Result<UpgradeOptions, Response<String>> {
    if upgrade.subprotocols().iter().any(|name| name == "chat") {
        Ok(UpgradeOptions::default().subprotocol("chat"))
    } else {
        Err(status(StatusCode::BAD_REQUEST, "offer the subprotocol chat\n"))
    }
}

fn status<B: From<String>>(status: StatusCode, text: &str) -> Response<B> {
    let mut response = Response::new(text.to_owned().into());
    *response.status_mut() = status;
    response
}

/// Serves one member until it leaves.
async fn chat(mut connection: WebSocket, room: Sender<PreparedMessage>) -> Result<CloseInfo, Error> {
    let mut messages = room.subscribe();
    loop {
        // Both futures are cancel safe, so neither of them loses anything if the other is ready
        // first.
        tokio::select! {
            message = connection.next() => match message {
                // `send` fails only if the room has no members, but this client is a member.
                Some(message) => drop(room.send(PreparedMessage::compressed(&message?, &DeflateOptions::default()))),
                None => return Ok(connection.close_info()),
            },
            message = messages.recv() => match message {
                Ok(message) => connection.send_prepared(&message).await?,
                Err(RecvError::Lagged(_)) => {
                    return connection.close(CloseCode::TRY_AGAIN_LATER, "you read too slowly").await;
                }
                Err(RecvError::Closed) => return Ok(connection.close_info()),
            },
        }
    }
}

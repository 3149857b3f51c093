//! Servers on hyper and axum, and clients that exchange plain bytes with them.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use testkit::raw_peer::read_to_eof;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

pub(crate) type Answer = Response<Full<Bytes>>;

/// Whether a hyper server hands over the connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrades {
    On,
    Off,
}

/// Starts a hyper server that answers each request with `answer`, or closes the connection if
/// `answer` fails.
pub(crate) async fn serve_hyper(
    upgrades: Upgrades,
    answer: impl Fn(Request<Incoming>) -> io::Result<Answer> + Send + Sync + 'static,
) -> SocketAddr {
    let (listener, address) = listen().await;
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let service = service_fn(async |request| answer(request));
                let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A client in these tests may leave at any time.
                let _ = match upgrades {
                    Upgrades::On => http.with_upgrades().await,
                    Upgrades::Off => http.await,
                };
            });
        }
    });
    address
}

/// Starts an application of axum.
pub(crate) async fn serve_axum(app: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Starts an axum application on a hyper server that accepts a single connection and does not hand
/// it over.
pub(crate) async fn serve_axum_without_upgrades(app: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)).await
    });
    address
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Connects, and sends these bytes.
pub(crate) async fn send_raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes.as_ref()).await.expect("the server reads");
    stream
}

/// Sends a request, and ends this direction of the connection. Returns the response, which lasts
/// until the server closes the connection.
pub(crate) async fn response_to(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = send_raw(address, request).await;
    stream.shutdown().await.expect("the connection is open");
    String::from_utf8(read_to_eof(&mut stream).await).expect("the response is UTF-8")
}

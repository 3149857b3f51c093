//! WebSocket connections for servers and clients built on [hyper], and an extractor for axum 0.8.
//!
//! hyper reads the request, sends the response, and then hands over the byte stream. The crates
//! [`protocol`](websocket::protocol) and [`websocket`] check the request, choose the response, and
//! drive the connection, as they do without hyper.
//!
//! | file | what it holds |
//! |---|---|
//! | `upgrade` | a server: from a request of hyper to a connection |
//! | `rejection` | a server: a request that cannot be upgraded |
//! | `stream` | the byte stream that hyper hands over |
//! | [`client`] | a client: from a response of hyper to a connection |
//! | `client::http2` | a client: connections in HTTP/2 |
//! | [`axum`] | the extractor for axum |
//!
//! # A server
//!
//! The service of a hyper server calls [`upgrade`], returns the response, and awaits the connection
//! in a separate task. The server must be built with hyper's `with_upgrades`.
//!
//! ```
//! use http_body_util::Full;
//! use hyper::{Request, Response, body::{Bytes, Incoming}};
//! use websocket_hyper::websocket::{ServerConfig, UpgradeOptions};
//!
//! async fn service(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
//!     let config = ServerConfig::default();
//!     let (response, connection) = match websocket_hyper::upgrade(&mut request, UpgradeOptions::default(), &config) {
//!         Ok(upgraded) => upgraded,
//!         Err(rejection) => return Ok(rejection.into_response()),
//!     };
//!     tokio::spawn(async move {
//!         let mut connection = connection.await?;
//!         connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
//!     });
//!     Ok(response)
//! }
//! ```

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "client")]
pub mod client;
mod rejection;
mod stream;
mod upgrade;

pub use websocket;

pub use self::{
    rejection::Rejection,
    stream::{UpgradedStream, WebSocket},
    upgrade::{UpgradeFuture, is_upgrade_request, received_request, upgrade, upgrade_with},
};

/// The README's examples, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

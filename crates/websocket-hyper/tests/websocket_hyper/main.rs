//! Servers and clients on hyper, and axum applications, over real sockets.

mod extractor;
#[cfg(feature = "http2")]
mod http2;
mod hyper_client;
mod hyper_server;
mod programs;
mod same_application;
mod support;

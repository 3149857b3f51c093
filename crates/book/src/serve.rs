//! Serves the rendered book over HTTP.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, Result};
use axum::Router;
use tokio::{net::TcpListener, signal};
use tower_http::services::ServeDir;

/// Serves the files in `folder` on `address` until the user presses Ctrl-C.
pub(crate) async fn serve(folder: &Path, address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} is not available; choose another address with --listen, such as 127.0.0.1:0")
    })?;
    println!("The book is at http://{}/. Press Ctrl-C to stop.", listener.local_addr()?);
    let pages = Router::new().fallback_service(ServeDir::new(folder));
    let stopped = async {
        let _ = signal::ctrl_c().await;
    };
    axum::serve(listener, pages).with_graceful_shutdown(stopped).await.context("the book cannot be served")
}

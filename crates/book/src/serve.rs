//! Serves the rendered book over HTTP.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, Result};
use axum::{
    Router,
    http::{HeaderValue, header},
};
use book::policy;
use tokio::{net::TcpListener, signal};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::browser;

/// Serves the files in `folder` on `address` until the user presses Ctrl-C. Opens the book in the
/// user's browser if `open` is true.
pub(crate) async fn serve(folder: &Path, address: SocketAddr, open: bool) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} is not available; choose another address with --listen, such as 127.0.0.1:0")
    })?;
    let header = |name, value| SetResponseHeaderLayer::overriding(name, value);
    let pages = Router::new()
        .fallback_service(ServeDir::new(folder))
        .layer(header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy(folder)?)?))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        // The next book on this address may have other pages.
        .layer(header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    let url = format!("http://{}/", listener.local_addr()?);
    println!("The book is at {url}. Press Ctrl-C to stop.");
    if open {
        browser::open(&url);
    }
    let stopped = async {
        let _ = signal::ctrl_c().await;
    };
    axum::serve(listener, pages).with_graceful_shutdown(stopped).await.context("the book cannot be served")
}

//! Serves the rendered book over HTTP.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context, Result};
use axum::{
    Router,
    http::{HeaderValue, header},
};
use book::policy;
use tokio::net::TcpListener;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::browser;

/// Listens on an address.
///
/// # Errors
/// Returns an error if the address is not available. The error says what to do.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("{address} is not available; choose another address with --listen, such as 127.0.0.1:0")
    })
}

/// Serves the files in `folder` until the process receives Ctrl-C or SIGTERM. Opens the book in the
/// user's browser if `open` is true. The pages may connect to `server_port` on this machine.
///
/// # Errors
/// Returns an error if a page cannot be read, or if a handler for a signal cannot be installed.
pub(crate) async fn serve(folder: &Path, listener: TcpListener, server_port: u16, open: bool) -> Result<()> {
    let header = |name, value| SetResponseHeaderLayer::overriding(name, value);
    let pages = Router::new()
        .fallback_service(ServeDir::new(folder))
        .layer(header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy(folder, server_port)?)?))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        // The next book served on this address may have different pages, so a browser must
        // revalidate its cached pages before it uses them.
        .layer(header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    // The caller removes the folder after this function returns, so a signal must not end the
    // process at once.
    let stop = stop_signal()?;
    let url = format!("http://{}/", listener.local_addr()?);
    println!("The book is at {url}. Press Ctrl-C to stop.");
    if open {
        browser::open(&url);
    }
    axum::serve(listener, pages).with_graceful_shutdown(stop).await.context("the book cannot be served")
}

/// Returns a future that waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a future that waits for Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

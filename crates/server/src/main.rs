//! The server: `cargo run -p server`.
//!
//! | path | handler | what it does |
//! |---|---|---|
//! | `/` | [`stats`] | pushes a JSON message at a fixed interval, and prints clients' text messages |
//! | `/echo` | [`echo`] | sends every message back |
//! | `/chat` | [`chat`] | relays each text message to all other members |
//! | `/wire` | [`wire`] | shows a page the frames of another connection of its own |
//! | `/break/RULE` | [`break_rule`] | breaks a rule of the RFC on purpose; `/break/` lists the rules |
//!
//! [`listen`] accepts a connection from the [`listener`], over TLS if [`tls`] has a certificate. If
//! a proxy is in between, [`proxies`] finds out who the client is. [`connection`] reads the HTTP
//! request, or `http2` reads many requests from one connection. [`route`] decides what to do with
//! each request, and has [`access`] check the host and the origin. One of the five handlers above
//! then serves the connection. Each connection runs in its own task. Only the members of the chat
//! wait for each other.
//!
//! ```text
//!   tls ◀── listen ──▶ http2 ──▶ connection ──▶ route ──▶ access
//!             │             ├───────────┴──▶ stats, echo, chat, wire, break_rule ──▶ closing
//!             └─────────────┴──▶ state
//! ```
//!
//! With `--grade-clients`, [`grade`] takes the place of [`listen`] and judges a client.
//!
//! Imports follow these arrows and never go against them. A handler receives only the values that
//! it needs, such as the [`stats`], and has no access to the whole [`state`].

mod access;
mod args;
mod break_rule;
mod chat;
mod closing;
mod config;
mod connection;
mod echo;
mod grade;
#[cfg(feature = "http2")]
mod http2;
mod listen;
mod listener;
mod memory;
mod output;
mod page;
mod peer;
mod proxies;
mod response;
mod route;
#[cfg(feature = "http2")]
mod small_writes;
mod state;
mod stats;
mod tls;
mod trace;
#[cfg(unix)]
mod unix_socket;
mod wire;

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use cli::{Signals, Tracer};
use dissector::printable;
use tokio_util::sync::CancellationToken;

use crate::{
    args::Args,
    listener::Listener,
    output::print_line,
    state::ServerState,
    tls::{CertificateSource, TlsListener},
};

/// An allocator that returns freed memory to the system in the background. With glibc's allocator,
/// most of the memory that an attack has filled would stay resident.
#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let _output = match output::start(args.verbose) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("cannot start a thread for the output: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut runtime = match args.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(threads);
            runtime
        }
    };
    let result = runtime.enable_all().build().map_err(|error| error.to_string()).and_then(|runtime| {
        let result = runtime.block_on(run(args));
        // Connections that are still open have exceeded the time limit for closing, so do not wait
        // for them.
        runtime.shutdown_background();
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", printable(&message));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    if args.list {
        grade::list(args.stage).lines().for_each(print_line);
        return Ok(());
    }
    let tls = TlsListener::from_args(&args)?;
    let tracer = Tracer::from_options(&args.tracing)?;
    #[cfg(unix)]
    let socket_mode = args.socket_mode;
    #[cfg(not(unix))]
    let socket_mode = 0;
    let listener = Listener::bind(&args.listen, socket_mode).await?;
    let clean_up = listener.clean_up();
    let result = run_on(listener, args, tls, tracer, clean_up.clone()).await;
    clean_up();
    result
}

/// Serves or judges clients on a socket that is already listening. If a second signal ends the
/// server at once, `clean_up` is called first, to remove the file of a Unix socket.
async fn run_on(
    listener: Listener,
    args: Args,
    tls: Option<TlsListener>,
    tracer: Option<Tracer>,
    clean_up: impl Fn() + Send + 'static,
) -> Result<(), String> {
    // Listen for signals before printing the first line. A script may send a signal as soon as it
    // has read that line, and a signal that is not caught would end the process at once.
    let mut signals = Signals::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
    if args.grade_clients {
        let (listener, address) = listener.into_tcp().ok_or("--grade-clients needs a TCP port to listen on")?;
        grade::greeting(address).lines().for_each(print_line);
        return grade::run(&args, listener, &mut signals).await;
    }
    if args.tls_self_signed && listener.tcp_address().is_none() {
        return Err("--tls-self-signed needs a TCP port to listen on: its certificate is for a host".to_owned());
    }
    greeting(&listener, tls.as_ref().map(|tls| &tls.source)).lines().for_each(print_line);

    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: closing every connection with 1001 (signal again to stop at once)");
        stop.cancel();
        let signal = signals.next().await;
        clean_up();
        std::process::exit(signal.exit_status().into());
    });
    // Only programs on this machine can connect to a Unix socket, so treat it like a loopback
    // address.
    let ip = listener.tcp_address().map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
    let state = ServerState::from_args(&args, ip, shutdown);
    listen::serve(listener, tls, Arc::new(state), args.interval, args.max_connections, tracer).await;
    Ok(())
}

/// Returns the lines that the server prints first.
///
/// Programs read the first line too: a program that starts the server with port 0 finds the real
/// port in that line.
fn greeting(listener: &Listener, certificate: Option<&CertificateSource>) -> String {
    match listener.tcp_address() {
        Some(address) => tcp_greeting(address, certificate),
        None => {
            let path = listener.to_string().replacen("unix:", "", 1);
            format!("listening on {listener}\nrun: cargo run -p client -- --unix {path}")
        }
    }
}

fn tcp_greeting(address: SocketAddr, certificate: Option<&CertificateSource>) -> String {
    match certificate {
        Some(CertificateSource::SelfSigned(certificate)) => {
            return format!("listening on wss://{address}/\n{}", certificate.advice(address));
        }
        // Only the operator knows which name the certificate is for, so do not suggest a command
        // that connects to this server.
        Some(CertificateSource::Files(_)) => return format!("listening on wss://{address}/"),
        None => {}
    }
    let mut lines = format!("listening on ws://{address}/");
    if address.ip().is_loopback() {
        lines.push_str(&format!("\nopen http://{address}/ in a browser, or run: cargo run -p client"));
        if address.to_string() != args::LISTEN {
            lines.push_str(&format!(" -- ws://{address}/"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_says_where_and_what_to_do_next() {
        let greeting = |address: &str| tcp_greeting(address.parse().expect("an address"), None);
        assert_eq!(
            greeting("127.0.0.1:8080"),
            "listening on ws://127.0.0.1:8080/\nopen http://127.0.0.1:8080/ in a browser, or run: cargo run -p client"
        );
        assert_eq!(
            greeting("[::1]:9"),
            "listening on ws://[::1]:9/\nopen http://[::1]:9/ in a browser, or run: cargo run -p client -- ws://[::1]:9/"
        );
        // 0.0.0.0 means every address of this machine. There is no single URL to open in a browser,
        // so the greeting has no second line.
        assert_eq!(greeting("0.0.0.0:8080"), "listening on ws://0.0.0.0:8080/");
    }
}

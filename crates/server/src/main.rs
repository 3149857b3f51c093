//! The server of the documented example: `cargo run -p server`.
//!
//! | path | what it does |
//! |---|---|
//! | `/` | [`stats`]: pushes a JSON message on every interval, prints what clients say |
//! | `/echo` | [`echo`]: sends every message back |
//! | `/chat` | [`chat`]: relays each text to all others |
//!
//! A connection's way: [`listen`] takes it, [`route`] reads its HTTP request and decides, one of the three above speaks
//! WebSocket with it. Each connection is a task of its own and waits for nobody else's.

mod args;
mod chat;
mod echo;
mod listen;
mod memory;
mod origin;
mod page;
mod route;
mod signals;
mod stats;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{args::Args, signals::Signals};

fn main() -> ExitCode {
    let args = Args::parse();
    start_log(args.verbose);
    let mut runtime = match args.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(threads);
            runtime
        }
    };
    let outcome = runtime.enable_all().build().map_err(|error| error.to_string()).and_then(|runtime| {
        let outcome = runtime.block_on(run(args));
        // Whatever still runs has had its time.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
        format!(
            "cannot listen on {}: {error}. Is another server running? Choose another port with --listen.",
            args.listen
        )
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Before the first line: whoever has read that may send a signal.
    let mut signals = Signals::new().map_err(|error| error.to_string())?;
    // For people, and for programs that asked for port 0 and want to know which one it became.
    print_line(&format!("listening on ws://{address}/"));
    if address.ip().is_loopback() {
        tracing::info!("open http://{address}/ in a browser, or run: cargo run -p client -- ws://{address}/");
    }

    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: every connection is closed with 1001 (once more to stop at once)");
        stop.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    listen::serve(listener, args, shutdown).await;
    Ok(())
}

/// Log lines go to standard error. `RUST_LOG` says which, `-v` shows more, `-vv` most.
fn start_log(verbose: u8) {
    let default = ["info", "debug", "trace"][usize::from(verbose).min(2)];
    let filter = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into());
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if verbose == 0 => filter.parse_lossy(directives),
        _ => filter.parse_lossy(default),
    };
    // Colours are for people's eyes, and not everybody wants them (no-color.org).
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        // A log that nobody reads any more (`2>&1 | head`) is no reason to panic, which complaining about it would be.
        .log_internal_errors(false)
        .init();
}

/// Prints a line that people and scripts wait for. It is no error if nobody reads it.
fn print_line(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

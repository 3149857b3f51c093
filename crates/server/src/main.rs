//! The server of the documented example: `cargo run -p server`.
//!
//! | path | what it does |
//! |---|---|
//! | `/` | [`stats`]: pushes a JSON message on every interval, prints what clients say |
//! | `/echo` | [`echo`]: sends every message back |
//! | `/chat` | [`chat`]: relays each text to all others |
//! | `/wire/TOKEN` | [`wire`]: shows a page what its own connection to `/?wire` looks like |
//! | `/break/RULE` | [`breaking`]: breaks a rule of the RFC on purpose; `/break/` lists what there is |
//!
//! A connection's way: [`listen`] takes it, [`route`] reads its HTTP request and decides, one of the five above speaks
//! WebSocket with it, the last one wrongly. Each connection is a task of its own and waits for nobody else's.

mod args;
mod breaking;
mod chat;
mod echo;
mod ending;
mod listen;
mod memory;
mod origin;
mod output;
mod page;
mod route;
mod stats;
mod trace;
mod wire;

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use cli::{Signals, Tracer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{args::Args, output::print_line};

fn main() -> ExitCode {
    let args = Args::parse();
    let _output = output::start(args.verbose);
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
    let tracer = Tracer::from_options(&args.tracing)?;
    let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => "is another server running? --listen takes another port",
            _ => "--listen takes HOST:PORT of this machine, such as 127.0.0.1:8080",
        };
        format!("cannot listen on {}: {error}; {advice}", args.listen)
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Before the first line: whoever has read that may send a signal.
    let mut signals = Signals::listen().map_err(|error| error.to_string())?;
    print_line(&greeting(address));

    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: every connection is closed with 1001 (once more to stop at once)");
        stop.cancel();
        let signal = signals.next().await;
        std::process::exit(signal.exit_status().into());
    });
    listen::serve(listener, args, tracer, shutdown).await;
    Ok(())
}

/// What is printed first. Its first line is for programs too: those that asked for port 0 want to know which one it became.
/// All in one piece, so that nothing comes between.
fn greeting(address: SocketAddr) -> String {
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
        let told = |address: &str| greeting(address.parse().expect("an address"));
        assert_eq!(
            told("127.0.0.1:8080"),
            "listening on ws://127.0.0.1:8080/\nopen http://127.0.0.1:8080/ in a browser, or run: cargo run -p client"
        );
        assert_eq!(
            told("[::1]:9"),
            "listening on ws://[::1]:9/\nopen http://[::1]:9/ in a browser, or run: cargo run -p client -- ws://[::1]:9/"
        );
        // Where somebody else finds this machine is not known.
        assert_eq!(told("0.0.0.0:8080"), "listening on ws://0.0.0.0:8080/");
    }
}

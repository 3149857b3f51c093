//! The source files of the program `server`, compiled with simulated connections instead of real
//! ones.
//!
//! The source of `server` stays unchanged. Each file below is `server`'s own, except for
//! [`listener`], [`memory`], [`output`] and [`trace`]. These four replace files that use the
//! operating system, or that hold state which all runs in one process would share. In this crate,
//! the name `tokio` means [`seeded_tokio`], so that a run can be repeated. [Simulated
//! networks](../../../../../docs/src/simulation.md) explains the rest.

#![allow(dead_code, unused_imports, missing_docs, reason = "only a part of the program is compiled")]
#![allow(unexpected_cfgs, reason = "the features belong to `server`, and none of them is enabled here")]

extern crate seeded_tokio as tokio;

/// Declares modules whose files are in another crate, and modules that replace such files. The
/// macro hides these modules from `docs-check`, which checks each file in its own crate.
macro_rules! modules {
    ($keyword:tt: $($name:ident = $path:literal,)*) => { $(#[path = $path] $keyword $name;)* };
}

modules! {
    mod:
    access = "../../../../server/src/access/mod.rs",
    args = "../../../../server/src/args.rs",
    break_rule = "../../../../server/src/break_rule.rs",
    chat = "../../../../server/src/chat/mod.rs",
    closing = "../../../../server/src/closing.rs",
    config = "../../../../server/src/config.rs",
    connection = "../../../../server/src/connection.rs",
    echo = "../../../../server/src/echo.rs",
    listen = "../../../../server/src/listen.rs",
    page = "../../../../server/src/page/mod.rs",
    peer = "../../../../server/src/peer.rs",
    proxies = "../../../../server/src/proxies/mod.rs",
    response = "../../../../server/src/response.rs",
    route = "../../../../server/src/route.rs",
    state = "../../../../server/src/state.rs",
    stats = "../../../../server/src/stats/mod.rs",
    tls = "../../../../server/src/tls/mod.rs",
    wire = "../../../../server/src/wire/mod.rs",
    // The files of this crate.
    listener = "listener.rs",
    memory = "memory.rs",
    output = "output.rs",
    trace = "trace.rs",
}

use std::{net::Ipv4Addr, sync::Arc};

use clap::Parser;
use tokio_util::sync::CancellationToken;

pub use self::listener::{Connection, Socket};
use self::{args::Args, listener::Listener, state::ServerState};

/// Runs the program with these command-line options until `shutdown` is cancelled and the program
/// has ended. The program takes its connections from `accepted`.
///
/// # Errors
/// Returns the error message if an option is invalid.
pub async fn run(
    options: &[String],
    accepted: tokio::sync::mpsc::UnboundedReceiver<Socket>,
    shutdown: CancellationToken,
) -> Result<(), String> {
    let options = ["server"].into_iter().chain(options.iter().map(String::as_str));
    let args = Args::try_parse_from(options).map_err(|error| error.to_string())?;
    let state = ServerState::from_args(&args, Ipv4Addr::LOCALHOST.into(), shutdown);
    listen::serve(Listener::new(accepted), None, Arc::new(state), args.interval, args.max_connections, None).await;
    Ok(())
}

//! A WebSocket client: sends each line of its standard input as a message, prints each message that arrives.
//!
//! ```text
//!   standard input ──▶ input ──▶ ┌──────────────┐ ──▶ server
//!                     (thread)   │ conversation │
//!   standard output ◀── output ◀─┤              │ ◀── server
//!                     (thread)   └──────┬───────┘
//!                                       ▼
//!   standard error  ◀──────── how it ended, in a line
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `opening` | from the command line to an open connection, or a sentence that says why there is none |
//! | `input` | standard input, line by line |
//! | `output` | standard output, message by message |
//! | `conversation` | both at once, until the connection is closed |
//! | `screen` | the full screen, in place of the three above |
//! | `ending` | how it ended: a line for people, an exit status for scripts |
//! | `probe` | instead of all that: every rule broken, one by one |
//! | `signals` | Ctrl-C and SIGTERM |
//! | `say` | what the program has to say about itself |
//! | `trace` | `--trace` and `--capture` |

mod args;
mod conversation;
mod ending;
mod input;
mod near;
mod opening;
mod output;
mod probe;
mod say;
mod screen;
mod signals;
mod trace;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use cli::{Tracer, is_dumb, use_colours};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime, select,
};
use tracing::level_filters::LevelFilter;
use websocket::{MaybeTlsStream, WebSocket};

use self::{
    args::Args,
    input::Input,
    output::{Format, Output},
    say::say,
    signals::Signals,
};

fn main() -> ExitCode {
    let args = Args::parse();
    if args.probe_list {
        return probe::list();
    }
    start_log(args.verbose);
    // One thread carries the conversation: there is one connection, and it is mostly waiting.
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(run(&args));
    // Whoever pressed Ctrl-C while a name is being looked up does not want to wait for the answer.
    runtime.shutdown_background();
    status
}

async fn run(args: &Args) -> ExitCode {
    // First of all, so that a signal is never met unprepared.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            say(format_args!("cannot listen for signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if args.probe {
        return select! {
            status = probe::run(args) => status,
            signal = signals.next() => signal.exit_status().into(),
        };
    }
    match Tracer::from_options(&args.tracing) {
        Ok(tracer) if fills_the_screen(args) => screen::run(args, &mut signals, tracer).await,
        Ok(None) => talk(args, &mut signals, |stream| stream).await,
        Ok(Some(tracer)) => talk(args, &mut signals, |stream| trace::tap(&tracer, stream)).await,
        Err(sentence) => {
            say(sentence);
            ExitCode::FAILURE
        }
    }
}

/// Whether there is a screen to fill, and nothing that asks for lines.
fn fills_the_screen(args: &Args) -> bool {
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb();
    on_terminal && !args.plain && args.tracing.trace.is_none() && !args.verbose && !args.binary
}

/// Line by line: opens the connection, over what `wrap` makes of its stream, and holds the conversation to its end.
async fn talk<S>(args: &Args, signals: &mut Signals, wrap: impl FnOnce(MaybeTlsStream) -> S) -> ExitCode
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = select! {
        opened = opening::open(args, wrap) => match opened {
            Ok(connection) => connection,
            Err(sentence) => {
                say(sentence);
                return ExitCode::FAILURE;
            }
        },
        signal = signals.next() => return signal.exit_status().into(),
    };
    greet(args, &connection);

    let mut input = Input::start(args.max_message);
    let output = Output::start(Format::of_stdout(args.binary));
    match conversation::hold(connection, &mut input, output, signals, args.close_timeout).await {
        Ok(ending) => {
            say(&ending);
            ending.status()
        }
        Err(signal) => {
            say("stopped without waiting any longer");
            signal.exit_status().into()
        }
    }
}

/// What somebody who has just started the program should know, and a script need not.
fn greet<S>(args: &Args, connection: &WebSocket<S>) {
    match connection.subprotocol() {
        Some(name) => tracing::debug!("the subprotocol is {name}"),
        None if !args.subprotocols.is_empty() => say("the server chose none of the subprotocols: going on without one"),
        None => {}
    }
    match connection.extensions() {
        [] if args.deflate => say("the server does not compress messages: going on without"),
        extensions => extensions.iter().for_each(|extension| tracing::debug!("the extension in use is {extension}")),
    }
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        say(format_args!("connected to {}: Enter sends a line, Ctrl-D ends", args.url));
    }
}

/// With `-v`, what happens beneath the messages goes to standard error, with the seconds since the start.
fn start_log(verbose: bool) {
    tracing_subscriber::fmt()
        .with_max_level(if verbose { LevelFilter::DEBUG } else { LevelFilter::OFF })
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .with_target(false)
        .with_ansi(use_colours(&io::stderr()))
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .init();
}

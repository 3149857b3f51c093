//! A WebSocket client: sends each line of its standard input as a message, and prints each message
//! that it receives.
//!
//! ```text
//!   standard input  ───▶ input ───▶ ┌──────────────┐ ──▶ server
//!                      (thread)     │ conversation │
//!   standard output ◀── printer ◀───┤              │ ◀── server
//!                      (thread)     └──────┬───────┘
//!                                          ▼
//!   standard error  ◀─────────── one line: how the connection ended
//! ```
//!
//! | file | purpose |
//! |---|---|
//! | `args` | the command line |
//! | `address` | the server's address, in all the ways in which it can be written |
//! | `way` | the way to the server: directly, through a proxy, or to a Unix socket |
//! | `opening` | turns the command line into an open connection |
//! | `http2` | `--http2`: opens the connection on a stream of HTTP/2 |
//! | `tls` | the certificates of a `wss://` connection |
//! | `connect_error` | explains why a connection did not open |
//! | `input` | reads standard input line by line |
//! | `printer` | prints messages to standard output |
//! | `conversation` | sends lines and prints messages until the connection is closed |
//! | `receive` | receives events and detects a silent server |
//! | `screen` | full-screen mode, in place of `input`, `printer` and `conversation` |
//! | `ending` | reports how the connection ended: one line for people, an exit status for scripts |
//! | `grade` | `--grade`: judges a server stage by stage, in place of a conversation |
//! | `probe` | `--probe`: breaks every rule, one by one, in place of a conversation |
//! | `signals` | Ctrl-C and SIGTERM |
//! | `trace` | `--trace` and `--capture`: show and record the bytes of the connection |
//! | `report` | messages from the program itself |
//! | `byte_queue` | the queues between the threads and tasks, bounded in bytes |
//! | `byte_summary`, `suggest` | summarise binary data; suggest the right name for a misspelt one |

mod address;
mod args;
mod byte_queue;
mod byte_summary;
mod connect_error;
mod conversation;
mod ending;
mod grade;
#[cfg(feature = "http2")]
mod http2;
mod input;
mod opening;
mod printer;
mod probe;
mod receive;
mod report;
mod screen;
mod signals;
mod suggest;
mod tls;
mod trace;
mod way;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use cli::{PrintableFields, Tracer, is_dumb, use_colours};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime, select,
};
use tracing::level_filters::LevelFilter;
use websocket::WebSocket;

use self::{
    args::ClientArgs,
    input::InputLines,
    printer::{PrintFormat, Printer},
    report::report,
    signals::TerminalSignals,
};

fn main() -> ExitCode {
    let args = ClientArgs::read();
    if args.probe_list {
        return probe::list();
    }
    start_log(args.verbose);
    // One thread is enough, because there is only one connection and it mostly waits.
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report(format_args!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(run(&args));
    // Dropping the runtime would wait for any name lookup that is still running. Shut the runtime
    // down without waiting instead, so that the program ends at once after Ctrl-C.
    runtime.shutdown_background();
    status
}

async fn run(args: &ClientArgs) -> ExitCode {
    // Start catching signals before the connection is opened, because an uncaught signal would end
    // the process at once, without a Close.
    let mut signals = match TerminalSignals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            report(format_args!("cannot listen for signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if args.grade || args.probe || !fills_the_screen(args) {
        opening::reject_unused_tls_options(args);
    }
    if args.grade {
        return select! {
            status = grade::run(args) => status,
            signal = signals.next() => signal.exit_status().into(),
        };
    }
    if args.probe {
        return select! {
            status = probe::run(args) => status,
            signal = signals.next() => signal.exit_status().into(),
        };
    }
    if args.lesson.is_some() && !fills_the_screen(args) {
        report("--lesson fills the screen, so standard input and output must be a terminal");
        return ExitCode::FAILURE;
    }
    match Tracer::from_options(&args.tracing) {
        Ok(tracer) if fills_the_screen(args) => screen::run(args, &mut signals, tracer).await,
        #[cfg(feature = "http2")]
        Ok(_) if args.http2 => run_line_by_line(args, &mut signals, http2::open(args)).await,
        Ok(None) => run_line_by_line(args, &mut signals, opening::open(args, |stream| stream)).await,
        Ok(Some(tracer)) => {
            let opening = opening::open(args, |stream| trace::tap(&tracer, stream));
            run_line_by_line(args, &mut signals, opening).await
        }
        Err(sentence) => {
            report(sentence);
            ExitCode::FAILURE
        }
    }
}

/// Returns `true` if the client runs in full-screen mode: standard input and output are a terminal
/// that can move the cursor (`TERM` is not `dumb`), and no option requires it to work line by line.
fn fills_the_screen(args: &ClientArgs) -> bool {
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb();
    #[cfg(feature = "http2")]
    let on_terminal = on_terminal && !args.http2;
    on_terminal && !args.plain && args.tracing.trace.is_none() && !args.verbose && !args.binary
}

/// Waits for `opening`, then runs the conversation line by line.
async fn run_line_by_line<S>(
    args: &ClientArgs,
    signals: &mut TerminalSignals,
    opening: impl Future<Output = Result<WebSocket<S>, String>>,
) -> ExitCode
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = select! {
        opened = opening => match opened {
            Ok(connection) => connection,
            Err(sentence) => {
                report(sentence);
                return ExitCode::FAILURE;
            }
        },
        signal = signals.next() => return signal.exit_status().into(),
    };
    greet(args, &connection);

    let mut input = InputLines::start(args.max_message);
    let printer = Printer::start(PrintFormat::of_stdout(args.binary));
    match conversation::run(connection, &mut input, printer, signals, args.close_timeout).await {
        Ok(ending) => {
            report(&ending);
            ending.status()
        }
        Err(signal) => {
            report("stopped without waiting any longer");
            signal.exit_status().into()
        }
    }
}

/// Prints a note if the server chose none of the offered subprotocols, or did not accept the
/// offered compression. On a terminal, also prints which keys send a line and close the connection.
/// A script does not need to know these keys.
fn greet<S>(args: &ClientArgs, connection: &WebSocket<S>) {
    match connection.subprotocol() {
        Some(name) => tracing::debug!("the subprotocol is {name}"),
        None if !args.subprotocols.is_empty() => {
            report("the server chose none of the offered subprotocols; continuing without one");
        }
        None => {}
    }
    match connection.extensions() {
        [] if args.deflate => report("the server does not compress messages; continuing without compression"),
        extensions => extensions.iter().for_each(|extension| tracing::debug!("the extension in use is {extension}")),
    }
    let Ok(destination) = opening::destination(args, connection) else { return };
    tracing::debug!("connected to {destination}");
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        report(format_args!("connected to {destination}: press Enter to send a line, Ctrl-D to close"));
    }
}

/// Starts the log. With `-v`, control frames and the negotiated parameters are logged on standard
/// error, with the number of seconds since the start.
fn start_log(verbose: bool) {
    tracing_subscriber::fmt()
        .with_max_level(if verbose { LevelFilter::DEBUG } else { LevelFilter::OFF })
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .with_target(false)
        .fmt_fields(PrintableFields)
        .with_ansi_sanitization(false)
        .with_ansi(use_colours(&io::stderr()))
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .init();
}

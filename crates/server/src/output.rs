//! Output for people: texts from clients go to standard output, the log goes to standard error.
//!
//! A thread of its own writes each of the two, from a queue. A terminal that was stopped with
//! Ctrl-S, or a pipe that nobody reads, accepts no more output. A server that waited for it would
//! stop serving all of its clients. When a queue is full, further lines are dropped.

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use cli::use_colours;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// The lines that may wait in a queue: the output of a busy server in a few seconds.
const MAX_QUEUED_LINES: usize = 10_000;

static STDOUT: OnceLock<NonBlocking> = OnceLock::new();
static STDERR: OnceLock<NonBlocking> = OnceLock::new();

/// Starts both threads. When the returned guards are dropped, they write the lines that still wait.
///
/// `RUST_LOG` selects what is logged. If `verbose` is not 0, it takes precedence and selects more.
pub(crate) fn start(verbose: u8) -> [WorkerGuard; 2] {
    let queue = || NonBlockingBuilder::default().buffered_lines_limit(MAX_QUEUED_LINES);
    let (stdout, stdout_guard) = queue().thread_name("stdout").finish(io::stdout());
    let (stderr, stderr_guard) = queue().thread_name("stderr").finish(io::stderr());
    let _ = STDOUT.set(stdout);
    let _ = STDERR.set(stderr.clone());

    let default = ["info", "debug", "trace"][usize::from(verbose).min(2)];
    let filter = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into());
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if verbose == 0 => filter.parse_lossy(directives),
        _ => filter.parse_lossy(default),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(use_colours(&io::stderr()))
        .with_writer(stderr)
        // When nobody reads the log any more (`2>&1 | head`), the subscriber would report that to
        // standard error too, and panic because that fails.
        .log_internal_errors(false)
        .init();
    [stdout_guard, stderr_guard]
}

/// Prints a line on standard output, for people and scripts. It is not an error if nobody reads it.
pub(crate) fn print_line(line: &str) {
    if let Some(stdout) = STDOUT.get() {
        // With the line end, because each write is one entry of the queue.
        let _ = stdout.clone().write_all(format!("{line}\n").as_bytes());
    }
}

/// Writes text between the lines of the log.
pub(crate) fn log_text(text: &str) {
    if let Some(stderr) = STDERR.get() {
        let _ = stderr.clone().write_all(text.as_bytes());
    }
}

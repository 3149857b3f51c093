//! What people read: what clients say on standard output, the log on standard error.
//!
//! Both are written by threads of their own, through queues. A terminal that was stopped with Ctrl-S, or a pipe that
//! nobody empties, takes nothing more, and a server that waited for it would stand still with all its clients. When a queue
//! is full, further lines are lost.

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use cli::use_colours;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that may wait: some seconds of a busy server.
const LINES_QUEUED: usize = 10_000;

static STDOUT: OnceLock<NonBlocking> = OnceLock::new();
static STDERR: OnceLock<NonBlocking> = OnceLock::new();

/// Starts both. What is returned writes, when it is dropped, what still waits.
///
/// `RUST_LOG` says what is logged; `verbose`, if not 0, says it louder.
pub(crate) fn start(verbose: u8) -> [WorkerGuard; 2] {
    let queue = || NonBlockingBuilder::default().buffered_lines_limit(LINES_QUEUED);
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
        // A log that nobody reads any more (`2>&1 | head`) is no reason to panic, which complaining about it would be.
        .log_internal_errors(false)
        .init();
    [stdout_guard, stderr_guard]
}

/// Prints a line that people and scripts wait for. It is no error if nobody reads it.
pub(crate) fn print_line(line: &str) {
    if let Some(stdout) = STDOUT.get() {
        // In one piece: each write is an entry of the queue.
        let _ = stdout.clone().write_all(format!("{line}\n").as_bytes());
    }
}

/// Puts text between the lines of the log.
pub(crate) fn log_text(text: &str) {
    if let Some(stderr) = STDERR.get() {
        let _ = stderr.clone().write_all(text.as_bytes());
    }
}

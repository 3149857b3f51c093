//! Output for people: text messages from clients go to standard output, and the log goes to
//! standard error.
//!
//! Each of the two streams has a [queue] and a thread that writes the queued lines. A terminal that
//! is paused with Ctrl-S, or a pipe whose reader has stopped reading, accepts no more output. If
//! the server waited for its output to be accepted, all clients would have to wait as well. So the
//! server never waits for its output: when a queue is full, further lines are dropped.

mod queue;

use std::{io, sync::OnceLock};

use cli::{PrintableFields, use_colours};
use dissector::printable;
use tracing_subscriber::EnvFilter;

use self::queue::{FlushGuard, LineQueue};

static STDOUT: OnceLock<LineQueue> = OnceLock::new();
static STDERR: OnceLock<LineQueue> = OnceLock::new();

/// Starts the threads that write standard output and standard error. When the returned guards are
/// dropped, they wait, for a limited time, until the queued lines have been written.
///
/// If `verbose` is 0, `RUST_LOG` selects what is logged. Otherwise `RUST_LOG` is ignored, and a
/// higher value of `verbose` means that more is logged.
///
/// # Errors
/// Returns the operating system's error if a thread cannot be started.
pub(crate) fn start(verbose: u8) -> io::Result<[FlushGuard; 2]> {
    let (stdout, stdout_guard) = LineQueue::start("stdout", io::stdout())?;
    let (stderr, stderr_guard) = LineQueue::start("stderr", io::stderr())?;
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
        .fmt_fields(PrintableFields)
        .with_ansi_sanitization(false)
        .with_ansi(use_colours(&io::stderr()))
        .with_writer(move || stderr.clone())
        // If the reader of the log has exited (`2>&1 | head`), writing fails. By default, the
        // subscriber would report the failure to standard error, and would then panic, because
        // that write fails too.
        .log_internal_errors(false)
        .init();
    Ok([stdout_guard, stderr_guard])
}

/// Prints a line on standard output, for people and scripts. Characters that could control the
/// terminal are escaped.
pub(crate) fn print_line(line: &str) {
    if let Some(stdout) = STDOUT.get() {
        // Add the line and its line end in one call, so that no other task can add a line between
        // the two.
        stdout.push(format!("{}\n", printable(line)).as_bytes());
    }
}

/// Writes text to standard error, between the lines of the log. The text is written unchanged,
/// because a trace has several lines and colours; [`cli::RecordFormat`] has already escaped what
/// peers sent.
pub(crate) fn log_text(text: &str) {
    if let Some(stderr) = STDERR.get() {
        stderr.push(text.as_bytes());
    }
}

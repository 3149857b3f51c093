//! The code that the programs `server` and `client` share.
//!
//! It deals with command lines, terminals and signals, which the libraries below it should not
//! know about.
//!
//! # Tracing
//!
//! `--trace` prints every frame of a connection and `--capture` writes it to a file. Neither option
//! changes what the connection does: an observer sits on the stream and is shown each byte.
//!
//! ```text
//!   Tapped ── bytes ──▶ Observer ──▶ Conversation ──▶ Record ──▶ a closure: print it, display it
//!                          └───────▶ Capture ──▶ CaptureFile: a file for Wireshark
//! ```
//!
//! | item | what it does |
//! |---|---|
//! | [`TracingOptions`] | the two options on the command line |
//! | [`Tracer`] | carries them out for each connection of the program |
//! | [`Observer`] | dissects and captures one connection |
//! | [`RecordFormat`] | prints a record, as text or as JSON |
//! | [`CaptureFile`] | the file that all connections are captured into |
//!
//! # Everything else
//!
//! | item | what it does |
//! |---|---|
//! | [`Signals`] | waits for Ctrl-C and SIGTERM |
//! | [`code_and_reason`] | writes how a connection was closed |
//! | [`parse_duration`], [`format_duration`] | read and write durations such as `250ms` |
//! | [`use_colours`], [`is_dumb`] | what a terminal can display |

mod capture_file;
mod close;
mod duration;
mod observer;
mod record_format;
mod signals;
mod terminal;
mod tracer;
mod tracing_options;

pub use self::{
    capture_file::{CaptureFile, CaptureSection},
    close::code_and_reason,
    duration::{format_duration, parse_duration},
    observer::Observer,
    record_format::RecordFormat,
    signals::{Signal, Signals},
    terminal::{is_dumb, use_colours},
    tracer::Tracer,
    tracing_options::{TraceFormat, TracingOptions},
};

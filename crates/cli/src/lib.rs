//! The code that the programs `server` and `client` share.
//!
//! This crate handles command lines, terminals and signals, so that the libraries below it need not
//! depend on any of them.
//!
//! # Tracing
//!
//! `--trace` prints every frame of a connection, and `--capture` writes all bytes of a connection
//! to a file. Neither option changes how the connection behaves: an observer only reads the bytes
//! that pass by.
//!
//! ```text
//!   Tapped ── bytes ──▶ Observer ──▶ Conversation ──▶ Record ──▶ a closure: print it, display it
//!                          └───────▶ Capture ──▶ CaptureFile: a file for Wireshark
//! ```
//!
//! | item | what it does |
//! |---|---|
//! | [`TracingOptions`] | defines the options `--trace` and `--capture` |
//! | [`Tracer`] | applies the two options to each connection of the program |
//! | [`Observer`] | dissects and captures one connection |
//! | [`RecordFormat`] | prints a record, as text or as JSON |
//! | [`CaptureFile`] | writes the captures of all connections to one file |
//!
//! # Everything else
//!
//! | item | what it does |
//! |---|---|
//! | [`create_new_file`] | creates a file, and never touches one that exists |
//! | [`PrintableFields`] | formats log lines so that they cannot control the terminal |
//! | [`Signals`] | waits for Ctrl-C and SIGTERM |
//! | [`GradeReport`] | prints what the judge has found |
//! | [`code_and_reason`] | formats a close code and its reason |
//! | [`parse_duration`], [`parse_time_limit`], [`format_duration`] | parse and format durations such as `250ms` |
//! | [`parse_size`] | parses sizes such as `64K` |
//! | [`use_colours`], [`is_dumb`] | find out what a terminal can display |

mod capture_file;
mod close;
mod duration;
mod grade_report;
mod log_fields;
mod new_file;
mod observer;
mod record_format;
mod signals;
mod size;
mod terminal;
mod tracer;
mod tracing_options;

pub use self::{
    capture_file::{CaptureFile, CaptureSection},
    close::code_and_reason,
    duration::{TimeLimit, format_duration, parse_duration, parse_time_limit},
    grade_report::GradeReport,
    log_fields::PrintableFields,
    new_file::create_new_file,
    observer::Observer,
    record_format::RecordFormat,
    signals::{Signal, Signals},
    size::parse_size,
    terminal::{is_dumb, use_colours},
    tracer::Tracer,
    tracing_options::{TraceFormat, TracingOptions},
};

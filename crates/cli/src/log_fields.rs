//! Formats log messages so that they cannot control the terminal.

use std::fmt;

use dissector::printable;
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FormatFields,
        format::{DefaultFields, Writer},
    },
};

/// Formats the message and the fields of a log line on one line, with harmful characters escaped as
/// in [`printable`].
///
/// Any part of a log line may quote a peer, for example the target of its request, the reason of
/// its Close, or an error that contains one of its headers. Code that logs does not need to escape
/// anything, because this type escapes the whole line just before it is written. Use it with
/// [`fmt_fields`](tracing_subscriber::fmt::SubscriberBuilder::fmt_fields), and switch off
/// [`with_ansi_sanitization`](tracing_subscriber::fmt::SubscriberBuilder::with_ansi_sanitization),
/// which escapes only some of these characters and writes them differently.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrintableFields;

impl<'writer> FormatFields<'writer> for PrintableFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut line), fields)?;
        writer.write_str(&printable(&line))
    }
}

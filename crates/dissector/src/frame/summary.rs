//! The one-line summary of a frame.

use protocol::{
    CloseCode,
    frame::{Opcode, RawHeader, layout::OPCODE},
    message::MessageKind,
};

use super::unit::FrameUnit;
use crate::{
    inflate::InflateFailure,
    message::{MessageCoding, MessageInProgress},
    printable::printable,
};

/// The maximum number of payload characters in a summary. With this limit, most summaries fit on a
/// line of 80 characters.
const PREVIEW_CHARACTERS: usize = 48;

/// Summarises a frame in one line: `Text, 5 bytes: Hello`, or `Text, 5 bytes from 7: Hello` if the
/// message is compressed.
pub(super) fn summarize(frame: &FrameUnit, header: &RawHeader, message: Option<&MessageInProgress>) -> String {
    let length = header.payload_length;
    let (size, payload) = match message.map(|message| &message.coding) {
        Some(MessageCoding::Deflate { failure, .. }) => match failure {
            None => (format!("{} from {length}", byte_count(frame.inflated.total())), frame.inflated.bytes()),
            Some(InflateFailure::TooBig(_)) => {
                (format!("{} that inflate to too much", byte_count(length)), frame.inflated.bytes())
            }
            Some(InflateFailure::Invalid) => {
                (format!("{} that cannot be inflated", byte_count(length)), frame.inflated.bytes())
            }
            Some(InflateFailure::ContextLost) => {
                (format!("{} not inflated", byte_count(length)), frame.payload.bytes())
            }
        },
        _ => (byte_count(length), frame.payload.bytes()),
    };
    let title = match (header.opcode(), header.fin()) {
        (Some(Opcode::Close), _) => return summarize_close(payload),
        (None, _) => format!("Opcode {:#x}", header.first_byte & OPCODE),
        (Some(Opcode::Continuation), true) => "Continuation, last fragment".to_owned(),
        (Some(opcode @ (Opcode::Text | Opcode::Binary)), false) => format!("{opcode:?}, first fragment"),
        (Some(opcode), _) => format!("{opcode:?}"),
    };
    let is_text = header.opcode() == Some(Opcode::Text) || message.is_some_and(|it| it.kind == MessageKind::Text);
    let preview = preview(payload, is_text);
    format!("{title}, {size}{}{preview}", if preview.is_empty() { "" } else { ": " })
}

fn summarize_close(body: &[u8]) -> String {
    match body {
        [] => "Close".to_owned(),
        [_] => "Close, half a code".to_owned(),
        &[high, low, ref reason @ ..] => {
            let code = CloseCode(u16::from_be_bytes([high, low]));
            let reason = preview(reason, true);
            format!("Close {code}{}{reason}", if reason.is_empty() { "" } else { ": " })
        }
    }
}

fn byte_count(length: u64) -> String {
    if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") }
}

/// Returns the beginning of a payload in one line. UTF-8 is shown as text with harmful characters
/// escaped, and anything else in hexadecimal. If `is_text` is `false`, UTF-8 that contains control
/// characters other than white space is shown in hexadecimal too, because it is probably not text.
fn preview(payload: &[u8], is_text: bool) -> String {
    // A character takes at most four bytes in UTF-8, so the preview never needs the bytes after
    // `end`.
    let end = payload.len().min(PREVIEW_CHARACTERS * 4);
    let text = match std::str::from_utf8(&payload[..end]) {
        Ok(text) => text,
        // The text is valid except that `end` splits its last character. Drop that character and
        // show the rest as text.
        Err(error) if error.error_len().is_none() && end < payload.len() => {
            std::str::from_utf8(&payload[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    let has_controls = || text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace());
    let (mut line, is_cut) = if !text.is_empty() && (is_text || !has_controls()) {
        let line: String = text.chars().take(PREVIEW_CHARACTERS).collect();
        (printable(&line).into_owned(), text.chars().nth(PREVIEW_CHARACTERS).is_some() || end < payload.len())
    } else {
        let shown = payload.len().min(PREVIEW_CHARACTERS / 3);
        (hex(&payload[..shown]), shown < payload.len())
    };
    if is_cut {
        line.push('…');
    }
    line
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

//! Hides the values of header lines that may hold credentials.

use std::borrow::Cow;

use super::lines::{HeadLine, split_lines};
use crate::options::Options;

/// The header fields that are known to hold no credentials, in addition to those whose names begin
/// with `Sec-`.
///
/// The list names the header fields that may be shown rather than those that must be hidden,
/// because a proxy may add fields with any name, and some of them prove who the user is.
const PUBLIC: [&str; 16] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "dnt",
    "host",
    "origin",
    "pragma",
    "server",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Returns `true` if the value of this header field must be hidden.
pub(super) fn is_hidden(name: &str, options: &Options) -> bool {
    let name = name.to_ascii_lowercase();
    // Names that begin with `Sec-` are reserved for browsers and for WebSocket. A field with such a
    // name contains only what the page or the browser has chosen for this handshake.
    options.hide_credentials && !name.starts_with("sec-") && !PUBLIC.contains(&name.as_str())
}

/// Returns the bytes of a head, complete or not, for display. If `options` require it, hides the
/// values of header fields that may hold credentials, and hides every line that is neither a header
/// field nor the first line.
pub(super) fn shown_bytes<'a>(head: &'a [u8], options: &Options) -> Cow<'a, [u8]> {
    if !options.hide_credentials {
        return Cow::Borrowed(head);
    }
    let mut shown = head.to_vec();
    for line in split_lines(head).iter().skip(1) {
        let range = match line {
            HeadLine::Header { name, value_start, range, .. } if is_hidden(name, options) => *value_start..range.end,
            HeadLine::Other { range, .. } => range.clone(),
            HeadLine::Header { .. } | HeadLine::Empty(_) => continue,
        };
        let position = |at| usize::try_from(at).unwrap_or(shown.len()).min(shown.len());
        let (start, end) = (position(range.start), position(range.end));
        hide(&mut shown[start..end]);
    }
    Cow::Owned(shown)
}

/// Replaces each byte with an asterisk, except line ends and the white space after them. The result
/// can therefore be split into the same lines, and folded lines remain folded.
fn hide(value: &mut [u8]) {
    let mut begins_line = false;
    for byte in value {
        match byte {
            b'\n' => begins_line = true,
            b'\r' => {}
            b' ' | b'\t' if begins_line => {}
            _ => {
                begins_line = false;
                *byte = b'*';
            }
        }
    }
}

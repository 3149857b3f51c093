//! The heads of the opening handshake, line by line (RFC 6455, section 4; RFC 9112).
//!
//! ```text
//!   GET /chat HTTP/1.1␍␊        first line: method, target, version; or version, status, phrase
//!   Host: example.org␍␊         header lines
//!   ...
//!   ␍␊                          the empty line that ends the head
//! ```
//!
//! This module finds the lines itself, so that it can show a broken head too. For their meaning,
//! and for the rules, it relies on [`protocol::handshake`]: each head is parsed by the code that
//! parses it in a server or a client.
//!
//! | file | contents |
//! |---|---|
//! | `unit` | collects a head |
//! | `lines`, `first_line` | the lines of a head, and the parts of the first one |
//! | `header_fields` | header lines as fields |
//! | `parse` | the protocol's parsers, and the bytes that break their rules |
//! | `request`, `response` | the dissections |
//! | `body`, `after_head` | the unit that follows a head |

mod after_head;
mod body;
mod first_line;
mod header_fields;
mod lines;
mod parse;
mod request;
mod response;
mod unit;

pub(crate) use self::{
    after_head::{AfterHead, after_request, after_response},
    request::dissect_request,
    response::dissect_response,
    unit::HeadUnit,
};

//! The heads of the opening handshake, line by line (RFC 6455, section 4; RFC 9112).
//!
//! ```text
//!   GET /chat HTTP/1.1␍␊        first line: method, target, version; or version, status, phrase
//!   Host: example.org␍␊         header lines
//!   ...
//!   ␍␊                          the empty line that ends the head
//! ```
//!
//! This module splits the lines itself, so that it can show an invalid head too. To interpret the
//! lines and to check the rules, it uses [`protocol::handshake`]: each head is parsed by the same
//! code as in a server or a client.
//!
//! | file | contents |
//! |---|---|
//! | `unit` | collects a head |
//! | `lines`, `first_line` | the lines of a head, and the parts of the first one |
//! | `header_fields` | header lines as fields |
//! | `credentials` | hides the values of header lines that may hold credentials |
//! | `parse` | runs the parsers of `protocol`, and finds the bytes that break a rule |
//! | `request`, `response` | the dissections |
//! | `body`, `after_head` | the length of the body, and the unit that follows a head |

mod after_head;
mod body;
mod credentials;
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

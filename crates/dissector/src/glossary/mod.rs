//! The glossary: every kind of field, with its name in Wireshark, the reason for its existence and
//! the section that specifies it.
//!
//! ```text
//!   FIN      websocket.fin       "A sender may begin a message ..."      RFC 6455, section 5.2
//!   └ Term   └ name              └ why                                   └ reference
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `term` | [`Term`] and the types of its fields |
//! | `terms` | the terms themselves |
//! | `header_terms` | finds the term of an HTTP header by name |

mod header_terms;
mod term;
mod terms;

pub(crate) use self::header_terms::term_for_header;
pub use self::{
    term::{RecordPart, Term},
    terms::*,
};

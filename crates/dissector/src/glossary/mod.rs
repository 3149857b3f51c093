//! The glossary: every kind of field, with its name in Wireshark, the reason that it exists and the
//! section that specifies it.
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
//! | `header_terms` | the lookup of a term by the name of an HTTP header |

mod header_terms;
mod term;
mod terms;

pub(crate) use self::header_terms::term_for_header;
pub use self::{
    term::{RecordPart, Term},
    terms::*,
};

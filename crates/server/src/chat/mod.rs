//! `/chat`: relays each text message to all other members.
//!
//! The room keeps one list of the texts that at least one member has not finished with, and every
//! member reads the list at its own pace:
//!
//! ```text
//!   a speaker ──▶ waits for space ─▶ [text][text][text][text][text]
//!                                      ▲           ▲           ▲
//!                                slow listener   another    waits for more
//! ```
//!
//! A text leaves the list when every member has finished with it. The list is bounded in bytes, so
//! a speaker that is faster than the slowest listener must wait. Meanwhile the server reads no more
//! from that speaker. No text is skipped, because a listener would not notice the gap. No listener
//! is disconnected merely because others send a lot. But a listener that reads nothing is
//! disconnected, so it delays the others only once, and for a limited time.
//!
//! | file | what it does |
//! |---|---|
//! | `text` | a text message, encoded once for all members |
//! | `room` | the list of texts, and the number of members that have not finished with each |
//! | `speaker` | the texts that one member has sent, and that wait for space |
//! | `listener` | the texts that one member still has to get |
//! | `member` | a member: its speaker and its listener |
//! | `handler` | the conversation with one member |

mod handler;
mod listener;
mod member;
mod room;
mod speaker;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use self::{
    handler::{SUBPROTOCOL, handle},
    room::Room,
    text::MAX_TEXT,
};

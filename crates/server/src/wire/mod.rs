//! `/wire/TOKEN`: shows a page the frames of its own connection.
//!
//! A script in a browser receives messages and never sees a frame. The server does. When a page
//! connects to `/?wire`, the server puts a tap on that connection and sends every head and every
//! frame of it, dissected by [`dissector`], over a second connection. The frames of the second
//! connection are not shown, because each of them would cause another one.
//!
//! ```text
//!   page                                              server
//!    │── GET /?wire ──▶ 101 ──────────────────────────▶│  puts a tap on this connection, and on no other
//!    │◀──────────────── {"wire":"TOKEN"} ──────────────│  its first message
//!    │── GET /wire/TOKEN ──▶ 101 ─────────────────────▶│  the token is now used up
//!    │◀──────── [record, record, {"skipped":...}] ─────│  the records so far, then new ones
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `token` | the two URLs, and the token that connects them |
//! | `registry` | hands out taps and tokens, and exchanges a token for a viewer |
//! | `tap` | dissects the bytes of the first connection |
//! | `budget` | limits the number of records that are dissected in a second |
//! | `feed` | carries the records, as JSON, from the tap to the viewer |
//! | `viewer` | reads the feed for the second connection |
//! | `handler` | the conversation on the second connection |
//!
//! # Who may view it
//!
//! Nobody else should see what somebody types, so only the page itself may view its frames.
//!
//! * The server makes the token for this one connection: 128 bits from a cryptographic generator.
//!   It sends the token on the connection that the token is for, and nowhere else. The token could
//!   also be part of the page, but then the server would have to remember each load of the page,
//!   and a page that reconnects would need another token.
//! * The token works once. It is useless to anybody who sees it being used, so it does no harm that
//!   its own frame is among those shown.
//! * The token works for [`LIFETIME`](token::LIFETIME): the page uses it at once or never. After
//!   that the tap discards what it has.
//! * The token works for the origin that opened the first connection, which has been
//!   [checked](crate::origin). A page of another origin learns nothing even if it knows the token.
//! * The token is not logged, and no list of tokens can be requested. A wrong token, a used one and
//!   an expired one get the same 404.
//!
//! # What it costs
//!
//! A connection that does not request a tap pays nothing: its stream is another type, without a tap
//! in it, and its task reserves no memory for one. A page that is loaded and does not request a tap
//! costs nothing either.
//!
//! For the others everything is bounded: there are [`MAX_TAPS`](registry::MAX_TAPS) taps. Each of
//! them keeps [`MAX_BYTES`](feed::MAX_BYTES) that wait to be sent, shows the first
//! [`SHOWN_PAYLOAD_BYTES`](tap::SHOWN_PAYLOAD_BYTES) of each payload, and dissects as many records
//! in a second as its [`Budget`](budget::Budget) allows. Faster traffic is
//! [counted](dissector::Conversation::pass) and passes on. So a tapped connection is hardly slower
//! than another one, and no client waits for a viewer. A client that takes all the taps keeps
//! others from viewing their frames, and from nothing else.

mod budget;
mod feed;
mod handler;
mod registry;
mod tap;
#[cfg(test)]
mod tests;
mod token;
mod viewer;

pub(crate) use self::{
    handler::handle,
    registry::TapRegistry,
    token::{announcement, hide_token, is_requested, token_in},
    viewer::Viewer,
};

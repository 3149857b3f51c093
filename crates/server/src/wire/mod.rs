//! `/wire/TOKEN`: shows a page the frames of its own connection.
//!
//! A script in a browser receives messages and never sees a frame. The server sees every frame.
//! When a page connects to `/?wire`, the server puts a tap on that connection. The server dissects
//! the heads and frames of the connection with [`dissector`], and sends the records over a second
//! connection. The frames of the second connection are not shown, because showing a frame would
//! cause another frame, without end.
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
//! | `token` | the URLs `/?wire` and `/wire/TOKEN`, and the token that connects them |
//! | `registry` | hands out taps and tokens, and exchanges a token for a viewer |
//! | `tap` | dissects the bytes of the first connection |
//! | `budget` | limits the number of records that are dissected per second |
//! | `feed` | carries the records, as JSON, from the tap to the viewer |
//! | `viewer` | reads the feed for the second connection |
//! | `handler` | the conversation on the second connection |
//!
//! # Who may view it
//!
//! The frames contain everything that a user types. No other user should see it, so only the page
//! itself may view its frames.
//!
//! * The server makes a token for each tapped connection: 128 bits from a cryptographic random
//!   number generator. It sends the token only on that connection. The token could also be part of
//!   the page, but then the server would have to remember each load of the page, and a page that
//!   reconnects would need another token.
//! * The token works once. After its use it is worthless, so it does no harm that the frame that
//!   contains it is displayed as well.
//! * The token expires after [`LIFETIME`](token::LIFETIME), because a page uses its token at once
//!   or never. The tap then discards its records.
//! * The token works only for a page of the origin that opened the first connection. That origin
//!   has been [checked](crate::access). A page of another origin cannot use the token even if it
//!   knows it.
//! * The values of headers that may hold a credential are hidden, because the page's script must
//!   not see them either: a cookie may be `HttpOnly`, and a proxy may have added a header. See
//!   [`Options::hide_credentials`](dissector::Options::hide_credentials).
//! * The token is not logged, and no list of tokens can be requested. A wrong token, a used one and
//!   an expired one get the same 404.
//!
//! # What it costs
//!
//! A connection that does not request a tap costs nothing extra: the type of its stream contains no
//! tap, and its task reserves no memory for a tap. Loading the page without requesting a tap costs
//! nothing extra either.
//!
//! The cost of tapped connections is bounded. There are at most [`MAX_TAPS`](registry::MAX_TAPS)
//! taps. Each tap queues at most [`MAX_BYTES`](feed::MAX_BYTES), shows the first
//! [`SHOWN_PAYLOAD_BYTES`](tap::SHOWN_PAYLOAD_BYTES) of each payload, and dissects as many records
//! per second as its [`Budget`](budget::Budget) allows. Frames beyond the budget are only
//! [counted](dissector::Conversation::pass). So a tapped connection is hardly slower than an
//! untapped one, and no client waits for a viewer. A client that takes all taps keeps other clients
//! from viewing their frames, but does no other harm.

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
    viewer::{MAX_VIEWER_MESSAGE, Viewer},
};

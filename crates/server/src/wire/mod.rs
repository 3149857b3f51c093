//! `/wire` and `?wire=TOKEN`: show a page the frames of its own connection.
//!
//! A script in a browser receives messages, but has no access to their frames. The server does have
//! access, so a page opens two connections: a **viewer**, and then the connection that it wants to
//! view. The server puts a tap on the second connection, dissects its heads and frames with
//! [`dissector`], and sends the records over the first. The viewer's own frames are not shown,
//! because each frame shown would cause another frame, in an endless loop.
//!
//! ```text
//!   page                                              server
//!    │── GET /wire ──▶ 101 ───────────────────────────▶│
//!    │◀──────────────── {"token":"TOKEN"} ─────────────│  the viewer's first message
//!    │── GET /echo?wire=TOKEN ──▶ 101, or anything ───▶│  the token is used up; a tap on this connection
//!    │◀──────── [record, record, {"skipped":...}] ─────│  to the viewer
//! ```
//!
//! The viewer comes first because the other connection may fail before its first frame: `/break`
//! sends responses that a browser must reject. A connection on any path can be viewed in this way,
//! and viewing adds no message to its conversation. For `/break`, the records are followed by a
//! note with the verdict: `{"verdict":...}`.
//!
//! | file | what it does |
//! |---|---|
//! | `token` | the URLs `/wire` and `/PATH?wire=TOKEN`, and the token that connects them |
//! | `registry` | hands out viewers and tokens, and exchanges a token for a tap |
//! | `tap` | dissects the bytes of the connection |
//! | `budget` | limits the number of records that are dissected per second |
//! | `feed` | carries the records, as JSON, from the tap to the viewer |
//! | `viewer` | reads the feed for the page |
//! | `handler` | the conversation with a viewer |
//!
//! # Who may view it
//!
//! The frames contain everything that a user types, which no other user should see. Therefore only
//! the page itself may view its frames.
//!
//! * A tap is put only on a connection that requests it, and its records go only to the viewer for
//!   which the token was made. A page cannot view another page's connection, because it would have
//!   to make the other page open that connection with the first page's token in the URL.
//! * The server makes a token for each viewer: 128 bits from a cryptographic random number
//!   generator. It sends the token only on the viewer's connection. The token could also be part of
//!   the page, but then the server would have to remember each load of the page, and a page that
//!   reconnects would need another token.
//! * The token works only once. It is worthless afterwards, so displaying the request that contains
//!   it does no harm.
//! * The token expires after [`LIFETIME`](token::LIFETIME), because a page uses its token at once
//!   or never. If a token expires before it is used, its viewer is closed.
//! * The token works only for a page of the origin that opened the viewer. That origin has been
//!   [checked](crate::access). A page of another origin cannot use the token even if it knows it.
//! * The values of header fields that may hold a credential are hidden from the page's script,
//!   which has no other way to see some of them: a cookie may be `HttpOnly`, and a proxy may have
//!   added a header field. See [`Options::hide_credentials`](dissector::Options::hide_credentials).
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
//! viewers, and each has one tap. Each tap queues at most [`MAX_BYTES`](feed::MAX_BYTES), shows the
//! first [`SHOWN_PAYLOAD_BYTES`](tap::SHOWN_PAYLOAD_BYTES) of each payload, and dissects as many
//! records per second as its [`Budget`](budget::Budget) allows. Frames beyond the budget are only
//! [counted](dissector::Conversation::pass). So a tapped connection is hardly slower than an
//! untapped one, and no client waits for a viewer. A client that takes all slots keeps other clients
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
    feed::FeedWriter,
    handler::handle,
    registry::TapRegistry,
    tap::{Notes, WireTap},
    token::{PATH, token_in},
    viewer::{MAX_VIEWER_MESSAGE, Viewer},
};

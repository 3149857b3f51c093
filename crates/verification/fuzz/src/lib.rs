//! What must hold for any bytes whatever, as functions that take bytes and panic if it does not hold.
//!
//! A fuzzer calls these functions with inputs that it makes up, and keeps those that reach something new: that is
//! `libfuzzer/`, a few lines for each target, built by cargo-fuzz and by nothing else. The inputs that it kept are
//! committed in `corpora/`, and `cargo test` gives them to the same functions.
//!
//! | target | what it is given to | what has to hold |
//! |---|---|---|
//! | `uri` | [`Uri`](protocol::Uri) | what is accepted can be put into a request, and is the same when read again |
//! | `request` | a server's opening handshake | any cut gives the same; an accepted request gets an answer that a client takes |
//! | `response` | a client's opening handshake | any cut gives the same; what is accepted was offered |
//! | `frames_to_server`, `frames_to_client` | a connection | any cut gives the same events, the same answer and the same end, in bounded memory |
//! | `deflate_to_server`, `deflate_to_client` | a connection that has agreed on compression | the same, and messages are what plain `flate2` makes of their payloads, within the limit |
//! | `deflate_round_trip` | a client and a server that have agreed on it | what one sends is what the other hears, however it is sent and cut |
//! | `server_beside_tungstenite`, `client_beside_tungstenite` | a connection, and tungstenite's | both hear the same, or it is one of the [known disagreements](disagreements) |
//!
//! None of them looks at a clock or a random number: the same bytes always do the same.
//!
//! To add a target: a file in `targets`, a line in [`TARGETS`], a file of two lines in `libfuzzer/targets` with its name in
//! `libfuzzer/Cargo.toml`, and a few inputs to begin with in `corpora`. The tests say what else has to name it.

pub mod agreement;
pub mod corpus;
pub mod cuts;
pub mod disagreements;
pub mod engine;
pub mod inflated;
pub mod targets;
pub mod theirs;

/// A fuzz target: its name, and the function that panics when something does not hold.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 10] = [
    ("uri", targets::uri::run),
    ("request", targets::request::run),
    ("response", targets::response::run),
    ("frames_to_server", targets::frames::to_server),
    ("frames_to_client", targets::frames::to_client),
    ("deflate_to_server", targets::deflate::to_server),
    ("deflate_to_client", targets::deflate::to_client),
    ("deflate_round_trip", targets::round_trip::run),
    ("server_beside_tungstenite", targets::beside_tungstenite::server),
    ("client_beside_tungstenite", targets::beside_tungstenite::client),
];

//! Properties that must hold for any input. Each property is checked by a function that takes the
//! input as bytes, and panics if the property does not hold.
//!
//! A fuzzer calls these functions with generated inputs, and keeps the inputs that reach new code.
//! The kept inputs are in `corpora/`, and `cargo test` passes them to the same functions.
//! `libfuzzer/` contains a short program for each target; only cargo-fuzz builds these programs.
//!
//! | target | tests | property |
//! |---|---|---|
//! | `uri` | [`Uri`](protocol::Uri) | an accepted URI is safe in a request, and stays the same when it is formatted and parsed again |
//! | `request` | a server's opening handshake | the result does not depend on the split into reads; the response has a suitable status and exactly one head |
//! | `response` | a client's opening handshake | the result does not depend on the split; the client accepts only an extension or a subprotocol that it offered |
//! | `frames_to_server`, `frames_to_client` | a connection | events, output and close information do not depend on the split; memory is bounded |
//! | `deflate_to_server`, `deflate_to_client` | a connection with compression | events, output and close information do not depend on the split; `flate2` decompresses the payloads to the same messages; memory is bounded |
//! | `deflate_round_trip` | a client and a server with compression | each receives exactly the messages that the other sends, for every send method and every split |
//! | `server_beside_tungstenite`, `client_beside_tungstenite` | our connection and tungstenite's | both return the same events, or the difference is a [known disagreement](disagreements) |
//! | `dissector` | a [`Conversation`](::dissector::Conversation) in both directions | the records do not depend on the split; all ranges lie in their records; it shows what the engine receives |
//! | `driver` | a [`WebSocket`](websocket::WebSocket) on a stream in memory that follows a script | no message is lost in either direction; it returns what the engine returns for the same bytes |
//!
//! No result depends on the real time or on random numbers, so the same bytes always lead to the
//! same result.
//!
//! To add a target, add a file to `targets`, a line to [`TARGETS`], a two-line file to
//! `libfuzzer/targets`, and the name of the target to `libfuzzer/Cargo.toml`. Then add a few inputs
//! to `corpora`. Tests check that no target is missing from the replay tests or from the book.
//!
//! | module | contents |
//! |---|---|
//! | [`targets`] | the targets |
//! | [`engine`] | runs our engine, and records its events and output |
//! | [`tungstenite_engine`] | runs tungstenite, and records its events |
//! | [`disagreements`] | the known differences between the records of the two engines |
//! | [`one_shot_inflater`] | decompresses messages in the simplest way |
//! | [`negotiation`] | negotiates compression in an opening handshake |
//! | [`splits`] | splits bytes into reads |
//! | [`corpus`] | corpus files |

pub mod corpus;
pub mod disagreements;
pub mod engine;
pub mod negotiation;
pub mod one_shot_inflater;
pub mod splits;
pub mod targets;
pub mod tungstenite_engine;

/// A fuzz target: its name, and the function that panics if the property does not hold.
pub type FuzzTarget = (&'static str, fn(&[u8]));

/// The fuzz targets.
pub const TARGETS: [FuzzTarget; 12] = [
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
    ("dissector", targets::dissector::run),
    ("driver", targets::driver::run),
];

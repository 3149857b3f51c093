//! Tests the judge against complete programs.
//!
//! | test | what it proves |
//! |---|---|
//! | `steps` | the program of each step passes its stage, and fails the next one |
//! | `clients` | the clients of the steps pass all stages of clients |
//! | `languages` | a server in Python and one in Node, which stop half-way, are told what is next |
//! | `pages` | the chapters show what the judge says about the program of each step |
//! | `libraries` | where `ws`, `tungstenite` and our own server stop, and why |
//!
//! A plain `cargo test` does not run these tests, because they need Node, `ws` and Python, and
//! build the programs of all steps. To run them:
//!
//! ```text
//! cd example && npm ci && cd ..
//! cargo test -p grading
//! ```
//!
//! If the judge's text has changed, `UPDATE=1 cargo test -p grading pages` copies the new text into
//! the chapters.
//!
//! The Python library `websockets` is not tested here, because `npm ci` does not install it. To
//! judge it, start `crates/laboratory/peers/echo.py`, and run the client with `--grade` and the
//! server's URL.

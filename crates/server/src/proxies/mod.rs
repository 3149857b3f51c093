//! Proxies in front of this server: which of them are trusted, and what they report about the
//! client.
//!
//! ```text
//!   client ──▶ proxy ──▶ this server
//!                │  PROXY TCP4 203.0.113.7 ...         before the first byte of the client, or
//!                │  X-Forwarded-For: 203.0.113.7       in the request
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `trusted` | `--trust-proxy`: the proxies that may report a client's address |
//! | `forwarded` | the addresses in `Forwarded` and `X-Forwarded-For` |
//! | `proxy_protocol` | `--proxy-protocol`: the header of the PROXY protocol |
//!
//! The client's address appears only in the output, the log, traces and captures. No decision about
//! access depends on it. In particular, nothing here changes the host and the scheme that `access`
//! compares, which come from `Host` and `X-Forwarded-Proto`. A web page cannot set these headers,
//! and neither of them depends on `--trust-proxy`.

mod forwarded;
mod proxy_protocol;
mod trusted;

pub(crate) use self::{
    proxy_protocol::read_header,
    trusted::{TrustedProxies, TrustedProxy},
};

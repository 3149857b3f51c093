//! The load generator: many connections on one thread.
//!
//! The load generator uses no WebSocket library. It sends frames that were built in advance, and
//! compares every byte of every reply. It does as little work as possible for each message, because
//! the measurement is meant to show the cost of the server.
//!
//! Each connection sends a *burst*: several messages in one write. It sends the next burst when the
//! last reply to the current burst has arrived. So every server does the same work, no matter how
//! it splits its replies into writes.
//!
//! | module | contents |
//! |---|---|
//! | `generator` | the connections to one server, and the exchange of bursts |
//! | `fan_out` | the time until a message has reached all other connections |
//! | `connection` | one connection |
//! | `burst` | the bytes of a burst and of its replies |
//! | `histogram` | latencies |

mod burst;
mod connection;
mod fan_out;
mod generator;
mod histogram;

pub(crate) use self::{burst::Burst, connection::LoadTarget, generator::LoadGenerator, histogram::Histogram};

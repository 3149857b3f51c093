//! Tests of the driver through its public API: scripted streams, in-memory streams, and real
//! sockets.

mod automatic_answers;
mod budget;
mod cancel_safety;
mod closing;
#[cfg(feature = "deflate")]
mod deflate;
mod dialing;
mod errors;
mod events;
mod examples;
mod handshake;
mod held_memory;
mod keep_alive;
mod masking;
mod memory_budget;
mod message_timeout;
mod parts;
#[cfg(feature = "proxy")]
mod proxy;
mod read_buffers;
mod redirects;
mod runtime;
mod sending;
mod serve;
mod split;
mod stream_and_sink;
mod support;
#[cfg(all(feature = "tls-native-roots", feature = "tls-ring"))]
mod tls;
#[cfg(all(feature = "tls-native-roots", feature = "tls-ring"))]
mod tls_options;
mod writes;

//! The libraries without a socket: bytes in memory to messages, and messages to bytes in memory.
//!
//! What is measured here is what a library does itself. Reading includes one copy out of the [`Wire`], as out of a
//! socket; for comparison, `memcpy` is that copy alone, and `floor` copies, parses headers and takes off masks.

mod batch;
mod fastwebsockets;
mod floor;
mod nexus;
mod ours;
mod sockudo;
mod tungstenite;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{frames::FrameKind, wire::Wire};

/// A library on a wire.
pub trait Codec {
    /// Reads `count` messages and gives the sum of their lengths.
    fn read(&mut self, count: usize) -> usize;

    /// Writes `count` messages and flushes once.
    fn write(&mut self, count: usize);
}

/// What a codec is to work on.
#[derive(Debug, Clone)]
pub struct Work {
    /// What it reads from and writes to.
    pub wire: Wire,
    /// The message that it writes.
    pub message: Bytes,
    /// As what it writes that.
    pub kind: FrameKind,
}

/// A library that can be opened on a wire.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// Its name in tables.
    pub name: &'static str,
    /// Opens it.
    pub open: fn(Work) -> Box<dyn Codec>,
}

/// The libraries, limits first.
pub const LIBRARIES: [Library; 10] = [
    Library { name: "memcpy", open: floor::memcpy },
    Library { name: "floor", open: floor::floor },
    Library { name: "ours (protocol)", open: ours::engine },
    Library { name: "ours (websocket)", open: ours::driver },
    Library { name: "nexus-web", open: nexus::open },
    Library { name: "sockudo-ws", open: sockudo::open },
    Library { name: "tokio-websockets", open: batch::tokio_websockets },
    Library { name: "yawc", open: batch::yawc },
    Library { name: "fastwebsockets", open: fastwebsockets::open },
    Library { name: "tungstenite", open: tungstenite::open },
];

/// Runs a future that waits for nothing but the wire.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{from_client, from_server, payload};

    #[test]
    fn every_library_reads_and_writes_the_same() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _guard = runtime.enter();
        for kind in FrameKind::ALL {
            for len in [16, 125, 1000, 20_000, 100_000] {
                let message = Bytes::from(payload(kind, len, 1));
                let reply = from_server(kind, &message);
                let frames = from_client(kind, &message, [1, 2, 3, 4]).repeat(3);
                for (per_read, waits) in [(64 << 10, false), (100, true)] {
                    for library in LIBRARIES {
                        let wire = Wire::new(frames.clone(), per_read, waits);
                        let meter = wire.clone();
                        let mut codec = (library.open)(Work { wire, message: message.clone(), kind });
                        assert_eq!(codec.read(5), 5 * len, "{} reads {len} in pieces of {per_read}", library.name);
                        if library.name != "memcpy" {
                            codec.write(3);
                            assert_eq!(meter.written(), 3 * reply.len(), "{} writes {len}", library.name);
                        }
                    }
                }
            }
        }
    }
}

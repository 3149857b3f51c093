//! Measures the libraries without a socket: each library turns bytes in memory into messages, and
//! messages into bytes.
//!
//! This benchmark measures only the work of the library itself. Reading includes one copy out of
//! the [`RepeatingStream`](crate::repeating_stream::RepeatingStream), as reading from a socket
//! does. For comparison, `memcpy` is that copy alone, and `floor` copies, parses headers and
//! unmasks payloads.

mod batch;
mod codec;
mod fastwebsockets;
mod floor;
mod nexus;
mod ours;
mod sockudo;
mod tungstenite;

pub use self::codec::{Codec, CodecTask, Library};

/// All libraries, starting with the reference points.
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        frames::{PayloadKind, from_client, from_server, payload},
        repeating_stream::RepeatingStream,
    };

    #[test]
    fn every_library_reads_and_writes_the_same() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _guard = runtime.enter();
        for kind in PayloadKind::ALL {
            for len in [16, 125, 1000, 20_000, 100_000] {
                let message = Bytes::from(payload(kind, len, 1));
                let reply = from_server(kind, &message);
                let frames = from_client(kind, &message, [1, 2, 3, 4]).repeat(3);
                for (per_read, waits) in [(64 << 10, false), (100, true)] {
                    for library in LIBRARIES {
                        let stream = RepeatingStream::new(frames.clone(), per_read, waits);
                        let counter = stream.clone();
                        let mut codec = (library.open)(CodecTask { stream, message: message.clone(), kind });
                        assert_eq!(codec.read(5), 5 * len, "{} reads {len} in pieces of {per_read}", library.name);
                        if library.name != "memcpy" {
                            codec.write(3);
                            assert_eq!(counter.written(), 3 * reply.len(), "{} writes {len}", library.name);
                        }
                    }
                }
            }
        }
    }
}

//! fastwebsockets, with messages put together and text checked.

use std::hint::black_box;

use fastwebsockets::{FragmentCollector, Frame, Payload, Role, WebSocket};

use super::{Codec, Work, now};
use crate::wire::Wire;

struct Fast {
    connection: FragmentCollector<Wire>,
    work: Work,
}

pub(super) fn open(work: Work) -> Box<dyn Codec> {
    let connection = FragmentCollector::new(WebSocket::after_handshake(work.wire.clone(), Role::Server));
    Box::new(Fast { connection, work })
}

impl Codec for Fast {
    fn read(&mut self, count: usize) -> usize {
        now(async {
            let mut sum = 0;
            for _ in 0..count {
                let frame = self.connection.read_frame().await.expect("right frames");
                sum += black_box(&frame.payload).len();
            }
            sum
        })
    }

    fn write(&mut self, count: usize) {
        now(async {
            for _ in 0..count {
                // A copy, because the library's own way to send shared bytes wants them to be writable.
                let payload = Payload::Owned(black_box(&self.work.message).to_vec());
                let frame = if self.work.kind.is_text() { Frame::text(payload) } else { Frame::binary(payload) };
                self.connection.write_frame(frame).await.expect("the wire takes all");
            }
        });
    }
}

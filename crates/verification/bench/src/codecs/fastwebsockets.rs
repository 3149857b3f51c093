//! fastwebsockets, with message reassembly and text validation.

use std::hint::black_box;

use fastwebsockets::{FragmentCollector, Frame, Payload, Role, WebSocket};

use super::codec::{Codec, CodecTask, block_on};
use crate::repeating_stream::RepeatingStream;

struct FastwebsocketsCodec {
    connection: FragmentCollector<RepeatingStream>,
    task: CodecTask,
}

pub(super) fn open(task: CodecTask) -> Box<dyn Codec> {
    let connection = FragmentCollector::new(WebSocket::after_handshake(task.stream.clone(), Role::Server));
    Box::new(FastwebsocketsCodec { connection, task })
}

impl Codec for FastwebsocketsCodec {
    fn read(&mut self, count: usize) -> usize {
        block_on(async {
            let mut sum = 0;
            for _ in 0..count {
                let frame = self.connection.read_frame().await.expect("the frames are valid");
                sum += black_box(&frame.payload).len();
            }
            sum
        })
    }

    fn write(&mut self, count: usize) {
        block_on(async {
            for _ in 0..count {
                let payload = Payload::Borrowed(black_box(&self.task.message));
                let frame = if self.task.kind.is_text() { Frame::text(payload) } else { Frame::binary(payload) };
                self.connection.write_frame(frame).await.expect("the stream accepts all bytes");
            }
        });
    }
}

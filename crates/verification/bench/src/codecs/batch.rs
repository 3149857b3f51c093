//! The libraries whose only interface for messages is a stream and a sink.

use std::{fmt::Debug, hint::black_box};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio_websockets::{Config, Limits, Message, Payload, ServerBuilder};
use yawc::{Frame, Role, WebSocket};

use super::codec::{Codec, CodecTask, block_on};

struct StreamAndSink<C, M> {
    connection: C,
    message: M,
    length: fn(&M) -> usize,
}

pub(super) fn tokio_websockets(task: CodecTask) -> Box<dyn Codec> {
    let payload = Payload::from(task.message);
    let message = if task.kind.is_text() {
        Message::text(String::from_utf8(payload.to_vec()).expect("the payload is text"))
    } else {
        Message::binary(payload)
    };
    let connection = ServerBuilder::new()
        .config(Config::default().frame_size(usize::MAX).flush_threshold(1 << 20))
        .limits(Limits::unlimited())
        .serve(task.stream);
    Box::new(StreamAndSink { connection, message, length: |message: &Message| message.as_payload().len() })
}

pub(super) fn yawc(task: CodecTask) -> Box<dyn Codec> {
    let message = if task.kind.is_text() { Frame::text(task.message) } else { Frame::binary(task.message) };
    let options = crate::peers::yawc::options();
    let connection = WebSocket::from_stream(task.stream, Role::Server, options).expect("the options are compatible");
    Box::new(StreamAndSink { connection: connection.map(Ok), message, length: |frame: &Frame| frame.payload().len() })
}

impl<C, M, E> Codec for StreamAndSink<C, M>
where
    C: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Clone,
    E: Debug,
{
    fn read(&mut self, count: usize) -> usize {
        block_on(async {
            let mut sum = 0;
            for _ in 0..count {
                let message =
                    self.connection.next().await.expect("the stream has no end").expect("the frames are valid");
                sum += (self.length)(black_box(&message));
            }
            sum
        })
    }

    fn write(&mut self, count: usize) {
        block_on(async {
            for _ in 0..count {
                self.connection.feed(black_box(&self.message).clone()).await.expect("the connection is open");
            }
            self.connection.flush().await.expect("the stream accepts all bytes");
        });
    }
}

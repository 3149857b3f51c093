//! The libraries that are a stream and a sink of messages, and nothing else.

use std::{fmt::Debug, hint::black_box};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio_websockets::{Config, Limits, Message, Payload, ServerBuilder};
use yawc::{Frame, Role, WebSocket};

use super::{Codec, Work, now};

struct Batch<C, M> {
    connection: C,
    message: M,
    length: fn(&M) -> usize,
}

pub(super) fn tokio_websockets(work: Work) -> Box<dyn Codec> {
    let payload = Payload::from(work.message);
    let message = if work.kind.is_text() {
        Message::text(String::from_utf8(payload.to_vec()).expect("the payload is text"))
    } else {
        Message::binary(payload)
    };
    let connection = ServerBuilder::new()
        .config(Config::default().frame_size(usize::MAX).flush_threshold(1 << 20))
        .limits(Limits::unlimited())
        .serve(work.wire);
    Box::new(Batch { connection, message, length: |message: &Message| message.as_payload().len() })
}

pub(super) fn yawc(work: Work) -> Box<dyn Codec> {
    let message = if work.kind.is_text() { Frame::text(work.message) } else { Frame::binary(work.message) };
    let options = crate::peers::yawc::options();
    let connection = WebSocket::from_stream(work.wire, Role::Server, options).expect("options that go together");
    Box::new(Batch { connection: connection.map(Ok), message, length: |frame: &Frame| frame.payload().len() })
}

impl<C, M, E> Codec for Batch<C, M>
where
    C: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Clone,
    E: Debug,
{
    fn read(&mut self, count: usize) -> usize {
        now(async {
            let mut sum = 0;
            for _ in 0..count {
                let message = self.connection.next().await.expect("the wire has no end").expect("right frames");
                sum += (self.length)(black_box(&message));
            }
            sum
        })
    }

    fn write(&mut self, count: usize) {
        now(async {
            for _ in 0..count {
                self.connection.feed(black_box(&self.message).clone()).await.expect("the connection is open");
            }
            self.connection.flush().await.expect("the wire takes all");
        });
    }
}

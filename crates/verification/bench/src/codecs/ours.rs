//! Our library at two levels: the engine, as a driver calls it, and the whole connection, as an
//! application uses it.

use std::{hint::black_box, time::Instant};

use bytes::{Buf, Bytes, BytesMut};
use protocol::{Config, Connection, Event, Message, Transmit, Utf8Bytes};
use websocket::WebSocket;

use super::codec::{Codec, CodecTask, block_on};
use crate::repeating_stream::RepeatingStream;

/// The size of the read buffer in bytes.
const PER_READ: usize = 64 << 10;

fn message(task: &CodecTask) -> Message {
    if !task.kind.is_text() {
        return Message::binary(task.message.clone());
    }
    Message::text(Utf8Bytes::from_utf8(task.message.clone()).expect("the payload is text"))
}

struct EngineCodec {
    connection: Connection,
    stream: RepeatingStream,
    payload: Bytes,
    /// The payload as a string, if the message is text.
    text: Option<String>,
    now: Instant,
}

pub(super) fn engine(task: CodecTask) -> Box<dyn Codec> {
    let now = Instant::now();
    let mut connection = Connection::server(Config::default(), now);
    connection.put_input(BytesMut::with_capacity(PER_READ));
    let text = task.kind.is_text().then(|| String::from_utf8(task.message.to_vec()).expect("the payload is text"));
    Box::new(EngineCodec { connection, payload: task.message, text, stream: task.stream, now })
}

impl Codec for EngineCodec {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                // Make the calls that our driver makes, in the same order.
                if let Some(message) = self.connection.poll_message() {
                    break black_box(message.as_bytes()).len();
                }
                if let Some(Event::Message(message)) =
                    self.connection.poll_event(self.now).expect("the frames are valid")
                {
                    break black_box(message.as_bytes()).len();
                }
                let mut input = self.connection.take_input();
                input.reserve(PER_READ);
                self.stream.fill(&mut input);
                self.connection.put_input(input);
            };
        }
        sum
    }

    fn write(&mut self, count: usize) {
        for _ in 0..count {
            match &self.text {
                Some(text) => self.connection.send_text(black_box(text)),
                None => self.connection.send_binary(black_box(&self.payload)),
            }
            .expect("the connection is open");
        }
        while let Some(Transmit::Bytes(output)) = self.connection.poll_transmit() {
            let count = black_box(output.remaining());
            output.advance(count);
            self.stream.count_written(count);
        }
    }
}

struct DriverCodec {
    connection: WebSocket<RepeatingStream>,
    message: Message,
}

pub(super) fn driver(task: CodecTask) -> Box<dyn Codec> {
    let message = message(&task);
    let engine = Connection::server(Config::default(), Instant::now());
    Box::new(DriverCodec { connection: WebSocket::new(task.stream, engine), message })
}

impl Codec for DriverCodec {
    fn read(&mut self, count: usize) -> usize {
        block_on(async {
            let mut sum = 0;
            for _ in 0..count {
                let message =
                    self.connection.next().await.expect("the stream has no end").expect("the frames are valid");
                sum += black_box(message.as_bytes()).len();
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

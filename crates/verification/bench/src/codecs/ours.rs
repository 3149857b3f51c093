//! Ours, twice: the engine, as a driver calls it, and the whole connection, as a user does.

use std::{hint::black_box, time::Instant};

use bytes::{Buf, Bytes, BytesMut};
use protocol::{Config, Connection, Event, Message, Transmit, Utf8Bytes};
use websocket::WebSocket;

use super::{Codec, Work, now};
use crate::wire::Wire;

/// What a read may bring.
const PER_READ: usize = 64 << 10;

fn message(work: &Work) -> Message {
    if !work.kind.is_text() {
        return Message::binary(work.message.clone());
    }
    Message::text(Utf8Bytes::from_utf8(work.message.clone()).expect("the payload is text"))
}

struct Engine {
    connection: Connection,
    wire: Wire,
    payload: Bytes,
    /// The payload, if it is text.
    text: Option<String>,
    now: Instant,
}

pub(super) fn engine(work: Work) -> Box<dyn Codec> {
    let now = Instant::now();
    let mut connection = Connection::server(Config::default(), now);
    *connection.input() = BytesMut::with_capacity(PER_READ);
    let text = work.kind.is_text().then(|| String::from_utf8(work.message.to_vec()).expect("the payload is text"));
    Box::new(Engine { connection, payload: work.message, text, wire: work.wire, now })
}

impl Codec for Engine {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                // As our driver does it.
                if let Some(message) = self.connection.poll_message() {
                    break black_box(message.as_bytes()).len();
                }
                if let Some(Event::Message(message)) = self.connection.poll_event(self.now).expect("right frames") {
                    break black_box(message.as_bytes()).len();
                }
                let input = self.connection.input();
                input.reserve(PER_READ);
                self.wire.fill(input);
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
            self.wire.note_written(count);
        }
    }
}

struct Driver {
    connection: WebSocket<Wire>,
    message: Message,
}

pub(super) fn driver(work: Work) -> Box<dyn Codec> {
    let message = message(&work);
    let engine = Connection::server(Config::default(), Instant::now());
    Box::new(Driver { connection: WebSocket::new(work.wire, engine), message })
}

impl Codec for Driver {
    fn read(&mut self, count: usize) -> usize {
        now(async {
            let mut sum = 0;
            for _ in 0..count {
                let message = self.connection.next().await.expect("the wire has no end").expect("right frames");
                sum += black_box(message.as_bytes()).len();
            }
            sum
        })
    }

    fn write(&mut self, count: usize) {
        use futures_util::SinkExt;
        now(async {
            for _ in 0..count {
                self.connection.feed(black_box(&self.message).clone()).await.expect("the connection is open");
            }
            self.connection.flush().await.expect("the wire takes all");
        });
    }
}

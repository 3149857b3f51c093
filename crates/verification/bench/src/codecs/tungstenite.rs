//! tungstenite, the blocking one: tokio's adapter adds to this.

use std::hint::black_box;

use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    protocol::{Role, WebSocketConfig},
};

use super::{Codec, Work};
use crate::wire::Wire;

struct Tungstenite {
    connection: WebSocket<Wire>,
    message: Message,
}

pub(super) fn open(work: Work) -> Box<dyn Codec> {
    let message = if work.kind.is_text() {
        Message::Text(Utf8Bytes::try_from(work.message).expect("the payload is text"))
    } else {
        Message::Binary(work.message)
    };
    let config = WebSocketConfig::default();
    Box::new(Tungstenite { connection: WebSocket::from_raw_socket(work.wire, Role::Server, Some(config)), message })
}

impl Codec for Tungstenite {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                match self.connection.read() {
                    Ok(message) => break black_box(message).len(),
                    Err(Error::Io(_)) => {}
                    Err(error) => panic!("right frames, but {error}"),
                }
            };
        }
        sum
    }

    fn write(&mut self, count: usize) {
        for _ in 0..count {
            self.connection.write(black_box(&self.message).clone()).expect("the connection is open");
        }
        self.connection.flush().expect("the wire takes all");
    }
}

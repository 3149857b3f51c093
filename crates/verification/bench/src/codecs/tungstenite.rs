//! tungstenite, the blocking library. Its adapter for tokio would add to the times measured here.

use std::hint::black_box;

use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    protocol::{Role, WebSocketConfig},
};

use super::codec::{Codec, CodecTask};
use crate::repeating_stream::RepeatingStream;

struct TungsteniteCodec {
    connection: WebSocket<RepeatingStream>,
    message: Message,
}

pub(super) fn open(task: CodecTask) -> Box<dyn Codec> {
    let message = if task.kind.is_text() {
        Message::Text(Utf8Bytes::try_from(task.message).expect("the payload is text"))
    } else {
        Message::Binary(task.message)
    };
    let config = WebSocketConfig::default();
    Box::new(TungsteniteCodec {
        connection: WebSocket::from_raw_socket(task.stream, Role::Server, Some(config)),
        message,
    })
}

impl Codec for TungsteniteCodec {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                match self.connection.read() {
                    Ok(message) => break black_box(message).len(),
                    Err(Error::Io(_)) => {}
                    Err(error) => panic!("the frames are valid, but {error}"),
                }
            };
        }
        sum
    }

    fn write(&mut self, count: usize) {
        for _ in 0..count {
            self.connection.write(black_box(&self.message).clone()).expect("the connection is open");
        }
        self.connection.flush().expect("the stream accepts all bytes");
    }
}

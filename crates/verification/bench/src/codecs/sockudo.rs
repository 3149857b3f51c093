//! sockudo-ws, used through its protocol engine, which performs no I/O and returns all the messages
//! in a buffer from a single call.

use std::hint::black_box;

use bytes::BytesMut;
use sockudo_ws::{
    Config, Message,
    protocol::{Protocol, Role},
};

use super::codec::{Codec, CodecTask};

/// The size of the read buffer in bytes.
const PER_READ: usize = 64 << 10;

struct SockudoCodec {
    task: CodecTask,
    protocol: Protocol,
    input: BytesMut,
    messages: Vec<Message>,
    sample: Message,
    output: BytesMut,
}

pub(super) fn open(task: CodecTask) -> Box<dyn Codec> {
    let config = Config::default();
    let protocol = Protocol::new(Role::Server, config.max_frame_size, config.max_message_size);
    let bytes = task.message.clone();
    let sample = if task.kind.is_text() { Message::Text(bytes) } else { Message::Binary(bytes) };
    let (input, output) = (BytesMut::with_capacity(PER_READ), BytesMut::new());
    Box::new(SockudoCodec { task, protocol, input, messages: Vec::new(), sample, output })
}

impl Codec for SockudoCodec {
    fn read(&mut self, count: usize) -> usize {
        let (mut read, mut sum) = (0, 0);
        while read < count {
            if self.messages.is_empty() {
                self.input.reserve(PER_READ);
                self.task.stream.fill(&mut self.input);
                self.protocol.process_into(&mut self.input, &mut self.messages).expect("the frames are valid");
            }
            let taken = self.messages.len().min(count - read);
            read += taken;
            sum += self.messages.drain(..taken).map(|message| black_box(message.as_bytes()).len()).sum::<usize>();
        }
        sum
    }

    fn write(&mut self, count: usize) {
        self.output.clear();
        for _ in 0..count {
            self.protocol
                .encode_message(black_box(&self.sample), &mut self.output)
                .expect("the message is within the limits");
        }
        self.task.stream.count_written(black_box(&self.output).len());
    }
}

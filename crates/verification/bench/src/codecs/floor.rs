//! Two reference points: `memcpy`, which only copies the bytes, and `floor`, which does the minimum
//! work needed to produce messages.

use std::hint::black_box;

use super::codec::{Codec, CodecTask};
use crate::peers::floor::{parse, xor};

/// Only copies the bytes.
struct MemcpyCodec {
    task: CodecTask,
    buffer: Vec<u8>,
}

pub(super) fn memcpy(task: CodecTask) -> Box<dyn Codec> {
    Box::new(MemcpyCodec { task, buffer: Vec::with_capacity(64 << 10) })
}

impl Codec for MemcpyCodec {
    fn read(&mut self, count: usize) -> usize {
        let length = self.task.message.len();
        let mut copied = 0;
        while copied < count * length {
            self.buffer.clear();
            self.task.stream.fill(&mut self.buffer);
            // The last read may return the first bytes of another message. They are copied and
            // counted as well, but they hardly affect the measured time.
            copied += black_box(&self.buffer).len();
        }
        count * length
    }

    fn write(&mut self, count: usize) {
        self.buffer.clear();
        for _ in 0..count {
            self.buffer.extend_from_slice(black_box(&self.task.message));
        }
        self.task.stream.count_written(black_box(&self.buffer).len());
    }
}

/// Parses headers and unmasks payloads, but checks nothing.
struct FloorCodec {
    task: CodecTask,
    input: Vec<u8>,
    at: usize,
    output: Vec<u8>,
}

pub(super) fn floor(task: CodecTask) -> Box<dyn Codec> {
    let buffer = || Vec::with_capacity(64 << 10);
    Box::new(FloorCodec { task, input: buffer(), at: 0, output: buffer() })
}

impl FloorCodec {
    fn message(&mut self) -> usize {
        loop {
            if let Some((header, length, key)) = parse(&self.input[self.at..])
                && self.input.len() - self.at >= header + length
            {
                let start = self.at + header;
                let payload = &mut self.input[start..start + length];
                xor(payload, key);
                self.at = start + length;
                return black_box(payload).len();
            }
            self.input.drain(..self.at);
            self.at = 0;
            self.task.stream.fill(&mut self.input);
        }
    }
}

impl Codec for FloorCodec {
    fn read(&mut self, count: usize) -> usize {
        (0..count).map(|_| self.message()).sum()
    }

    fn write(&mut self, count: usize) {
        self.output.clear();
        for _ in 0..count {
            let message = black_box(&self.task.message);
            let first_byte = if self.task.kind.is_text() { 0x81 } else { 0x82 };
            match (u8::try_from(message.len()), u16::try_from(message.len())) {
                (Ok(len @ 0..126), _) => self.output.extend_from_slice(&[first_byte, len]),
                (_, Ok(len)) => {
                    let [high, low] = len.to_be_bytes();
                    self.output.extend_from_slice(&[first_byte, 126, high, low]);
                }
                _ => {
                    self.output.extend_from_slice(&[first_byte, 127]);
                    self.output.extend_from_slice(&(message.len() as u64).to_be_bytes());
                }
            }
            self.output.extend_from_slice(message);
        }
        self.task.stream.count_written(black_box(&self.output).len());
    }
}

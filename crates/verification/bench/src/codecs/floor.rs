//! Two limits: the copy alone, and the least that gives messages.

use std::hint::black_box;

use super::{Codec, Work};
use crate::peers::floor::{parse, xor};

/// Only copies.
struct Memcpy {
    work: Work,
    buffer: Vec<u8>,
}

pub(super) fn memcpy(work: Work) -> Box<dyn Codec> {
    Box::new(Memcpy { work, buffer: Vec::with_capacity(64 << 10) })
}

impl Codec for Memcpy {
    fn read(&mut self, count: usize) -> usize {
        let length = self.work.message.len();
        let mut copied = 0;
        while copied < count * length {
            self.buffer.clear();
            self.work.wire.fill(&mut self.buffer);
            // A piece may end within the next message. That is so few bytes that it does not count.
            copied += black_box(&self.buffer).len();
        }
        count * length
    }

    fn write(&mut self, count: usize) {
        self.buffer.clear();
        for _ in 0..count {
            self.buffer.extend_from_slice(black_box(&self.work.message));
        }
        self.work.wire.note_written(black_box(&self.buffer).len());
    }
}

/// Parses headers and takes off masks, and checks nothing.
struct Floor {
    work: Work,
    input: Vec<u8>,
    at: usize,
    output: Vec<u8>,
}

pub(super) fn floor(work: Work) -> Box<dyn Codec> {
    let buffer = || Vec::with_capacity(64 << 10);
    Box::new(Floor { work, input: buffer(), at: 0, output: buffer() })
}

impl Floor {
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
            self.work.wire.fill(&mut self.input);
        }
    }
}

impl Codec for Floor {
    fn read(&mut self, count: usize) -> usize {
        (0..count).map(|_| self.message()).sum()
    }

    fn write(&mut self, count: usize) {
        self.output.clear();
        for _ in 0..count {
            let message = black_box(&self.work.message);
            let first_byte = if self.work.kind.is_text() { 0x81 } else { 0x82 };
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
        self.work.wire.note_written(black_box(&self.output).len());
    }
}

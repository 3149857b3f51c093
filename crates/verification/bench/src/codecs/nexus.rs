//! nexus-web: the message is borrowed from its reader.

use std::hint::black_box;

use nexus_web::ws::{FrameReader, FrameWriter, Role};

use super::{Codec, Work};

struct Nexus {
    work: Work,
    reader: FrameReader,
    writer: FrameWriter,
    output: Vec<u8>,
}

pub(super) fn open(work: Work) -> Box<dyn Codec> {
    let reader = FrameReader::builder().role(Role::Server).build();
    Box::new(Nexus { work, reader, writer: FrameWriter::new(Role::Server), output: Vec::new() })
}

impl Codec for Nexus {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                if let Some(message) = self.reader.next().expect("right frames") {
                    break black_box(message.as_bytes()).len();
                }
                if self.reader.should_compact() {
                    self.reader.compact();
                }
                // An error says only that there is nothing just now.
                let _ = self.reader.read_from(&mut self.work.wire);
            };
        }
        sum
    }

    fn write(&mut self, count: usize) {
        self.output.clear();
        let first_byte = if self.work.kind.is_text() { 0x81 } else { 0x82 };
        for _ in 0..count {
            let payload = black_box(&self.work.message);
            let (header, _) = self.writer.build_header(first_byte, payload.len());
            self.output.extend_from_slice(header.as_bytes());
            self.output.extend_from_slice(payload);
        }
        self.work.wire.note_written(black_box(&self.output).len());
    }
}

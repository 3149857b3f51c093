//! nexus-web, whose messages borrow from the reader.

use std::hint::black_box;

use nexus_web::ws::{FrameReader, FrameWriter, Role};

use super::codec::{Codec, CodecTask};

struct NexusCodec {
    task: CodecTask,
    reader: FrameReader,
    writer: FrameWriter,
    output: Vec<u8>,
}

pub(super) fn open(task: CodecTask) -> Box<dyn Codec> {
    let reader = FrameReader::builder().role(Role::Server).build();
    Box::new(NexusCodec { task, reader, writer: FrameWriter::new(Role::Server), output: Vec::new() })
}

impl Codec for NexusCodec {
    fn read(&mut self, count: usize) -> usize {
        let mut sum = 0;
        for _ in 0..count {
            sum += loop {
                if let Some(message) = self.reader.next().expect("the frames are valid") {
                    break black_box(message.as_bytes()).len();
                }
                if self.reader.should_compact() {
                    self.reader.compact();
                }
                // An error means only that this read found no bytes. The next read will find some,
                // so ignore the error.
                let _ = self.reader.read_from(&mut self.task.stream);
            };
        }
        sum
    }

    fn write(&mut self, count: usize) {
        self.output.clear();
        let first_byte = if self.task.kind.is_text() { 0x81 } else { 0x82 };
        for _ in 0..count {
            let payload = black_box(&self.task.message);
            let (header, _) = self.writer.build_header(first_byte, payload.len());
            self.output.extend_from_slice(header.as_bytes());
            self.output.extend_from_slice(payload);
        }
        self.task.stream.count_written(black_box(&self.output).len());
    }
}

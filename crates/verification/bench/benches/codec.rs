//! Measures the libraries without sockets, using criterion: `cargo bench -p bench`.
//!
//! The name of a benchmark, such as `read/binary 16 B/ours (protocol)`, consists of the operation,
//! the message and the library. The result is the time for one *burst*. From it, criterion computes
//! the throughput in messages per second, or in bytes per second for messages of 16 KiB or more.

use std::{hint::black_box, time::Duration};

use bench::{
    codecs::{CodecTask, LIBRARIES},
    frames::{PayloadKind, from_client, payload},
    peers::floor::xor,
    repeating_stream::RepeatingStream,
};
use bytes::Bytes;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use protocol::frame::{MaskingKey, apply_mask};

/// The message sizes, each with the number of messages in a burst: as many as one read from a busy
/// connection can return.
const BURSTS: [(usize, usize, &str); 5] =
    [(16, 16, "16 B"), (125, 16, "125 B"), (1 << 10, 16, "1 KiB"), (16 << 10, 4, "16 KiB"), (1 << 20, 1, "1 MiB")];

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn task(kind: PayloadKind, size: usize, count: usize) -> CodecTask {
    let message = Bytes::from(payload(kind, size, 1));
    let frames: Vec<u8> =
        (1..).take(count).flat_map(|seed| from_client(kind, &payload(kind, size, seed), KEY)).collect();
    CodecTask { stream: RepeatingStream::new(frames, 64 << 10, false), message, kind }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, size: usize, count: usize) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    let (messages, bytes) = (count as u64, (size * count) as u64);
    group.throughput(if size < 16 << 10 { Throughput::Elements(messages) } else { Throughput::Bytes(bytes) });
    group
}

/// Reads messages: parses, unmasks, validates and returns them.
fn read(criterion: &mut Criterion) {
    for kind in PayloadKind::ALL {
        for (size, count, name) in BURSTS {
            let mut group = group(criterion, &format!("read/{} {name}", kind.name()), size, count);
            for library in LIBRARIES {
                let mut codec = (library.open)(task(kind, size, count));
                group.bench_function(library.name, |bencher| bencher.iter(|| black_box(codec.read(count))));
            }
        }
    }
}

/// Writes a burst of messages and flushes once.
fn write(criterion: &mut Criterion) {
    for kind in PayloadKind::ALL {
        for (size, count, name) in BURSTS {
            let mut group = group(criterion, &format!("write/{} {name}", kind.name()), size, count);
            for library in LIBRARIES {
                let mut codec = (library.open)(task(kind, size, count));
                group.bench_function(library.name, |bencher| bencher.iter(|| codec.write(count)));
            }
        }
    }
}

/// Unmasks a payload in place. For comparison, `memcpy` copies the same number of bytes.
fn unmask(criterion: &mut Criterion) {
    for (size, _, name) in BURSTS {
        let mut group = group(criterion, &format!("unmask/binary {name}"), size, 1);
        let source = payload(PayloadKind::Binary, size, 1);
        let mut bytes = source.clone();
        group.bench_function("memcpy", |bencher| {
            bencher.iter(|| black_box(&mut bytes).copy_from_slice(black_box(&source)));
        });
        group.bench_function("floor", |bencher| bencher.iter(|| xor(black_box(&mut bytes), black_box(KEY))));
        group.bench_function("ours (protocol)", |bencher| {
            bencher.iter(|| apply_mask(black_box(&mut bytes), black_box(MaskingKey(KEY))));
        });
        group.bench_function("nexus-web", |bencher| {
            bencher.iter(|| nexus_web::ws::apply_mask(black_box(&mut bytes), black_box(KEY)));
        });
        group.bench_function("fastwebsockets", |bencher| {
            bencher.iter(|| fastwebsockets::unmask(black_box(&mut bytes), black_box(KEY)));
        });
    }
}

/// Keeps each benchmark short, because there are so many. Some figures are therefore accurate only
/// to within a few percent.
fn pace() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
}

criterion_group!(name = codecs; config = pace(); targets = read, write, unmask);
criterion_main!(codecs);

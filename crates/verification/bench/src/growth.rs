//! The report's section on growth: whether doubling the input doubles the cost.
//!
//! If doubling the input quadrupled the cost, a peer could overload an endpoint by splitting its
//! bytes in the most expensive way.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bench::{
    codecs::{CodecTask, LIBRARIES, Library},
    frames::{PayloadKind, fragments_from_client, from_client, payload},
    repeating_stream::RepeatingStream,
};
use serde::Serialize;

use crate::{
    contestants::{Contestant, RAW},
    load_spec::LoadSpec,
    options::RunOptions,
    report::ReportSection,
    rounds::{self, LoadResults},
    table::{MarkdownTable, number, size},
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const MESSAGE: usize = 1 << 20;

/// One row of a table. The costs are in nanoseconds per byte of payload.
#[derive(Debug, Serialize)]
struct GrowthRow {
    table: &'static str,
    name: &'static str,
    steps: Vec<usize>,
    ns_per_byte: Vec<f64>,
}

pub(crate) fn run(contestants: &[Contestant], options: &RunOptions) -> ReportSection {
    // Some libraries need tokio's timer even when they do not wait for anything, so enter a runtime
    // that has a timer.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let _guard = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    let length = Duration::from_millis(if options.quick { 50 } else { 300 });

    let message = payload(PayloadKind::Ascii, MESSAGE, 1);
    let all = series(&message);
    let mut rows = Vec::new();
    for GrowthSeries { title, steps, make } in &all {
        eprintln!("growth: {title}");
        for library in libraries() {
            let cost = |&step: &usize| {
                let (stream, bytes) = make(step);
                cost(library, stream, bytes, length)
            };
            let ns_per_byte = steps.iter().map(cost).collect();
            rows.push(GrowthRow { table: title, name: library.name, steps: steps.to_vec(), ns_per_byte });
        }
    }
    let connections = by_connections(contestants, options);

    let mut section = ReportSection::new("Growth", &(&rows, &connections));
    section.paragraph(
        "The first three tables show nanoseconds per byte of payload, without a socket. After each \
         read that returns bytes, the next read finds nothing, as on a slow connection. The first \
         table varies the size of a text message. The second splits 1 MiB of text into reads, the \
         third splits it into fragments, and both vary the size of these pieces. Where a row only \
         falls or stays level from left to right, the cost grows no faster than the number of \
         bytes.",
    );
    for GrowthSeries { title, steps, .. } in &all {
        let mut table =
            MarkdownTable::new([(*title).to_owned()].into_iter().chain(steps.iter().map(|&step| size(step))));
        for row in rows.iter().filter(|row| row.table == *title) {
            table.row(row.name, row.ns_per_byte.iter().map(|&cost| number(cost)));
        }
        section.table(&table);
    }
    section.paragraph(
        "The last table shows measurements with sockets: the server's processor time per message \
         of 125 B, in microseconds, by the number of connections.",
    );
    let steps = connections.iter().map(|results| results.load.connections.to_string());
    let mut table = MarkdownTable::new(["connections".to_owned()].into_iter().chain(steps));
    for contestant in contestants {
        let cost = |results: &LoadResults| {
            let result = results.result(contestant.name);
            result.map_or(f64::NAN, |result| result.median(|sample| sample.server_cpu_us_per_message))
        };
        if connections.iter().any(|results| results.result(contestant.name).is_some()) {
            table.row(contestant.name, connections.iter().map(|results| number(cost(results))));
        }
    }
    section.table(&table);
    section
}

/// A series of measurements in which one quantity grows step by step. `make` returns the stream for
/// a step, and the payload size of each message in bytes.
struct GrowthSeries<'a> {
    title: &'static str,
    steps: &'static [usize],
    make: Box<dyn Fn(usize) -> (RepeatingStream, usize) + 'a>,
}

fn series(message: &[u8]) -> [GrowthSeries<'_>; 3] {
    let sizes = |size| {
        let message = payload(PayloadKind::Ascii, size, 1);
        (RepeatingStream::new(from_client(PayloadKind::Ascii, &message, KEY), 64 << 10, true), size)
    };
    let reads =
        |per_read| (RepeatingStream::new(from_client(PayloadKind::Ascii, message, KEY), per_read, true), MESSAGE);
    let pieces = |piece| {
        (RepeatingStream::new(fragments_from_client(PayloadKind::Ascii, message, piece, KEY), 64 << 10, true), MESSAGE)
    };
    let cuts = &[1, 16, 256, 4 << 10, 64 << 10];
    [
        GrowthSeries {
            title: "message size",
            steps: &[16, 256, 4 << 10, 64 << 10, 1 << 20, 16 << 20],
            make: Box::new(sizes),
        },
        GrowthSeries { title: "bytes per read", steps: cuts, make: Box::new(reads) },
        GrowthSeries { title: "bytes per fragment", steps: cuts, make: Box::new(pieces) },
    ]
}

/// Returns all libraries except `memcpy`, which cannot process fragments.
fn libraries() -> impl Iterator<Item = Library> {
    LIBRARIES.into_iter().filter(|library| library.name != "memcpy")
}

/// Measures and returns the cost of reading messages, in nanoseconds per byte of payload. The
/// measurement takes at least `length`, and includes at least one message.
fn cost(library: Library, stream: RepeatingStream, bytes: usize, length: Duration) -> f64 {
    let message = bytes::Bytes::new();
    let mut codec = (library.open)(CodecTask { stream, message, kind: PayloadKind::Ascii });
    let once = (4096 / bytes).max(1);
    let (mut read, began) = (0, Instant::now());
    while read == 0 || began.elapsed() < length {
        read += black_box(codec.read(once));
    }
    began.elapsed().as_secs_f64() * 1e9 / read as f64
}

fn by_connections(contestants: &[Contestant], options: &RunOptions) -> Vec<LoadResults> {
    let few: Vec<_> = contestants.iter().filter(|one| one.name == RAW || one.fans_out).cloned().collect();
    let steps: &[usize] = if options.quick { &[1, 100, 1000] } else { &[1, 10, 100, 1000, 10_000] };
    let (rounds, length) =
        if options.quick { (1, Duration::from_millis(200)) } else { (3, Duration::from_millis(500)) };
    steps
        .iter()
        .map(|&connections| {
            eprintln!("growth: {connections} connections");
            let load = LoadSpec { kind: PayloadKind::Binary, size: 125, connections, in_flight: 1 };
            rounds::run(&few, load, rounds, length, options.cores)
        })
        .collect()
}

//! Growth: whether twice as much of something costs twice as much. Anything that costs four times as much is an attack
//! waiting for its attacker: a peer chooses how it cuts its bytes.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bench::{
    codecs::{LIBRARIES, Library, Work},
    frames::{FrameKind, fragments_from_client, from_client, payload},
    wire::Wire,
};
use serde::Serialize;

use crate::{
    contestants::{Contestant, RAW},
    measure::Cell,
    options::Run,
    report::Section,
    rounds,
    table::{Table, number, size},
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const MESSAGE: usize = 1 << 20;

/// One row of a table: nanoseconds for each byte of payload.
#[derive(Debug, Serialize)]
struct Row {
    table: &'static str,
    name: &'static str,
    steps: Vec<usize>,
    ns_per_byte: Vec<f64>,
}

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    // Some libraries want tokio's clock at hand even where nothing waits for it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let _guard = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    let length = Duration::from_millis(if run.quick { 50 } else { 300 });

    let message = payload(FrameKind::Ascii, MESSAGE, 1);
    let all = series(&message);
    let mut rows = Vec::new();
    for Series { title, steps, make } in &all {
        eprintln!("growth: {title}");
        for library in libraries() {
            let cost = |&step: &usize| {
                let (wire, bytes) = make(step);
                cost(library, wire, bytes, length)
            };
            let ns_per_byte = steps.iter().map(cost).collect();
            rows.push(Row { table: title, name: library.name, steps: steps.to_vec(), ns_per_byte });
        }
    }
    let connections = by_connections(contestants, run);

    let mut section = Section::new("Growth", &(&rows, &connections));
    section.say(
        "Without a socket, in nanoseconds per byte of payload. After each read the next one finds \
         nothing, as on a slow connection. The first table varies the size of a text message. The \
         others split 1 MiB of text, the second into reads and the third into fragments, and vary \
         the size of these pieces. Where a row only falls or stays level from left to right, the \
         cost grows no faster than the number of bytes.",
    );
    for Series { title, steps, .. } in &all {
        let mut table = Table::new([(*title).to_owned()].into_iter().chain(steps.iter().map(|&step| size(step))));
        for row in rows.iter().filter(|row| row.table == *title) {
            table.row(row.name, row.ns_per_byte.iter().map(|&cost| number(cost)));
        }
        section.table(&table);
    }
    section.say(
        "With sockets: the server's processor time per message of 125 B, in microseconds, by the \
         number of connections.",
    );
    let steps = connections.iter().map(|outcome| outcome.cell.connections.to_string());
    let mut table = Table::new(["connections".to_owned()].into_iter().chain(steps));
    for contestant in contestants {
        let cost = |outcome: &rounds::Outcome| {
            let line = outcome.line(contestant.name);
            line.map_or(f64::NAN, |line| line.median(|sample| sample.server_cpu_us_per_message))
        };
        if connections.iter().any(|outcome| outcome.line(contestant.name).is_some()) {
            table.row(contestant.name, connections.iter().map(|outcome| number(cost(outcome))));
        }
    }
    section.table(&table);
    section
}

/// Something that grows, and what a step of it looks like on the wire: the stream, and the payload in each message.
struct Series<'a> {
    title: &'static str,
    steps: &'static [usize],
    make: Box<dyn Fn(usize) -> (Wire, usize) + 'a>,
}

fn series(message: &[u8]) -> [Series<'_>; 3] {
    let sizes = |size| {
        let message = payload(FrameKind::Ascii, size, 1);
        (Wire::new(from_client(FrameKind::Ascii, &message, KEY), 64 << 10, true), size)
    };
    let reads = |per_read| (Wire::new(from_client(FrameKind::Ascii, message, KEY), per_read, true), MESSAGE);
    let pieces =
        |piece| (Wire::new(fragments_from_client(FrameKind::Ascii, message, piece, KEY), 64 << 10, true), MESSAGE);
    let cuts = &[1, 16, 256, 4 << 10, 64 << 10];
    [
        Series {
            title: "message size",
            steps: &[16, 256, 4 << 10, 64 << 10, 1 << 20, 16 << 20],
            make: Box::new(sizes),
        },
        Series { title: "bytes per read", steps: cuts, make: Box::new(reads) },
        Series { title: "bytes per fragment", steps: cuts, make: Box::new(pieces) },
    ]
}

/// The copy alone does not know what a fragment is.
fn libraries() -> impl Iterator<Item = Library> {
    LIBRARIES.into_iter().filter(|library| library.name != "memcpy")
}

/// Nanoseconds for each byte of a message, over at least one message and, if more fit into it, over `length`.
fn cost(library: Library, wire: Wire, bytes: usize, length: Duration) -> f64 {
    let message = bytes::Bytes::new();
    let mut codec = (library.open)(Work { wire, message, kind: FrameKind::Ascii });
    let once = (4096 / bytes).max(1);
    let (mut read, began) = (0, Instant::now());
    while read == 0 || began.elapsed() < length {
        read += black_box(codec.read(once));
    }
    began.elapsed().as_secs_f64() * 1e9 / read as f64
}

fn by_connections(contestants: &[Contestant], run: &Run) -> Vec<rounds::Outcome> {
    let few: Vec<_> = contestants.iter().filter(|one| one.name == RAW || one.fans_out).cloned().collect();
    let steps: &[usize] = if run.quick { &[1, 100, 1000] } else { &[1, 10, 100, 1000, 10_000] };
    let (rounds, length) = if run.quick { (1, Duration::from_millis(200)) } else { (3, Duration::from_millis(500)) };
    steps
        .iter()
        .map(|&connections| {
            eprintln!("growth: {connections} connections");
            let cell = Cell { kind: FrameKind::Binary, size: 125, connections, in_flight: 1 };
            rounds::run(&few, cell, rounds, length, run.cores)
        })
        .collect()
}

//! The dissector compared with Wireshark.
//!
//! ```text
//!   corpus ─▶ Capture ─▶ .pcapng ─▶ tshark -T json -x ─▶ fields, values, ranges, masks ┐
//!      └────▶ Conversation ──────▶ render::json ───────▶ fields, values, ranges, masks ┴─▶ equal?
//! ```
//!
//! The tests need `tshark`. `.ci/run` installs it and runs them like this:
//!
//! ```sh
//! cargo test -p dissector --test wireshark -- --ignored
//! ```

#[path = "../common/mod.rs"]
mod common;
mod corpus;
mod tshark;
mod units;

use std::{
    collections::BTreeSet,
    fmt::Write,
    net::SocketAddr,
    time::{Duration, UNIX_EPOCH},
};

use corpus::{CorpusCase, corpus};
use dissector::{Conversation, Direction::ToServer, Options, Record, capture::Capture, render};
use units::{ComparedUnit, our_units, wireshark_units};

/// Writes a case to a capture.
fn capture(case: &CorpusCase) -> Vec<u8> {
    let (client, server): (SocketAddr, SocketAddr) = if case.is_ipv6 {
        (([0xFD00, 0, 0, 0, 0, 0, 0, 1], 50_000).into(), ([0xFD00, 0, 0, 0, 0, 0, 0, 2], 8080).into())
    } else {
        (([192, 0, 2, 1], 50_000).into(), ([192, 0, 2, 2], 8080).into())
    };
    let mut capture = Capture::new(Vec::new(), client, server, UNIX_EPOCH).expect("a Vec accepts everything");
    for (direction, bytes) in &case.pieces {
        capture.data(*direction, bytes, UNIX_EPOCH).expect("a Vec accepts everything");
    }
    for direction in dissector::Direction::BOTH {
        capture.end(direction, UNIX_EPOCH).expect("a Vec accepts everything");
    }
    capture.into_inner()
}

/// Dissects a case.
fn records(case: &CorpusCase) -> Vec<Record> {
    // Wireshark shows the whole payload, so keep all of it here too.
    let options = Options { payload_bytes: 1 << 20, ..Options::default() };
    common::dissect_with(Conversation::new(options), &case.pieces)
}

/// Compares the units. Returns a report of the differences that the case does not list, and of the
/// listed differences that do not exist.
fn compare(case: &CorpusCase, ours: &[ComparedUnit], theirs: &[ComparedUnit]) -> String {
    let mut report = String::new();
    if ours.len() != theirs.len() {
        let _ = writeln!(report, "{}: {} units here, {} in Wireshark", case.name, ours.len(), theirs.len());
    }
    let mut unused: BTreeSet<_> =
        case.differences.iter().map(|difference| (difference.unit, difference.field)).collect();
    for (number, (our, their)) in ours.iter().zip(theirs).enumerate() {
        let names: BTreeSet<&str> = our.names().chain(their.names()).collect();
        for name in names {
            let (our, their) = (our.fields(name), their.fields(name));
            let known = case.differences.iter().find(|known| known.unit == number && known.field == name);
            if our == their {
                continue;
            }
            match known {
                Some(known) => {
                    unused.remove(&(known.unit, known.field));
                }
                None => {
                    let _ = writeln!(
                        report,
                        "{}: unit {number}: {name}\n      here:      {our:?}\n      Wireshark: {their:?}",
                        case.name
                    );
                }
            }
        }
    }
    for (unit, field) in unused {
        let _ = writeln!(report, "{}: unit {unit}: {field} should differ, but does not", case.name);
    }
    report
}

#[test]
#[ignore = "needs tshark: apt-get install tshark"]
fn wireshark_sees_the_same_fields_and_values() {
    let mut report = String::new();
    let (mut units, mut fields) = (0, 0);
    for case in corpus() {
        let lines: Vec<String> = records(&case).iter().map(render::json).collect();
        let ours = our_units(&lines);
        let theirs = wireshark_units(&tshark::dissect(&capture(&case)));
        units += theirs.len();
        fields += theirs.iter().map(ComparedUnit::len).sum::<usize>();
        report += &compare(&case, &ours, &theirs);
    }
    println!("{units} units, {fields} fields compared");
    assert!(report.is_empty(), "Wireshark shows something else:\n{report}");
    assert!(units > 100 && fields > 1000, "the corpus has shrunk: {units} units, {fields} fields");
}

#[test]
#[ignore = "needs tshark: apt-get install tshark"]
fn the_tree_is_the_same_as_in_wireshark() {
    // Leave out the lines that only the dissector shows here: fragments, broken rules, and the
    // bytes of a binary message, which Wireshark shows in a separate tree.
    let is_ours = |line: &&str| ["  Fragment: ", "  Data: ", "  ["].iter().any(|own| line.contains(own));
    let mut compared = 0;
    for case in corpus().iter().filter(|case| case.has_equal_trees) {
        let mut ours: Vec<Vec<String>> = Vec::new();
        for record in records(case).iter().filter(|record| record.kind == dissector::RecordKind::Frame) {
            let tree = render::tree(record);
            ours.push(tree.lines().filter(|line| !is_ours(line)).map(str::to_lowercase).collect());
        }
        // Ignore case, because the dissector writes the names of close codes in lower case, as the
        // book does.
        let theirs: Vec<Vec<String>> = tshark::trees(&capture(case))
            .iter()
            .map(|tree| tree.iter().map(|line| line.to_lowercase()).collect())
            .collect();
        compared += theirs.len();
        assert_eq!(ours.len(), theirs.len(), "{}", case.name);
        for (our, their) in ours.iter().zip(&theirs) {
            assert_eq!(our, their, "{}", case.name);
        }
    }
    assert!(compared > 50, "only {compared} trees were compared");
}

#[test]
#[ignore = "needs tshark: apt-get install tshark"]
fn wireshark_finds_no_error_in_tcp_and_ip() {
    for case in corpus() {
        let errors = tshark::errors(&capture(&case));
        assert!(errors.is_empty(), "{}:\n{errors}", case.name);
    }
}

#[test]
#[ignore = "needs tshark: apt-get install tshark"]
fn wireshark_reads_the_same_times() {
    let address: SocketAddr = ([192, 0, 2, 1], 8080).into();
    let time = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    let mut capture = Capture::new(Vec::new(), address, address, time).expect("a Vec accepts everything");
    capture.data(ToServer, b"x", time + Duration::from_millis(1)).expect("a Vec accepts everything");
    let [begin, later] = ["1700000000.123456789", "1700000000.124456789"];
    assert_eq!(tshark::times(&capture.into_inner()), [begin, begin, begin, later, later]);
}

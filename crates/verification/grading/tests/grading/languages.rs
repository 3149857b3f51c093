//! The judge works with servers in any language. The servers in these tests fail partway through
//! the stages.

use std::process::Command;

use crate::programs::{RunningServer, fixture, judge};

#[test]
fn a_python_server_that_knows_no_fragments_stops_at_the_fragments() {
    let server = RunningServer::start(Command::new("python3").arg(fixture("server.py")));
    judge(&server.url, &[]).expect_failed(7, "two-fragments", "Join their payloads");
}

#[test]
fn a_node_server_that_takes_each_event_for_a_frame_stops_at_the_loop() {
    let server = RunningServer::start(Command::new("node").arg(fixture("server.js")));
    judge(&server.url, &[]).expect_failed(5, "two-frames-in-one-write", "the echo of the second frame did not arrive");
}

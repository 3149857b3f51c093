//! Other libraries fail where they do not enforce a rule, but our own server passes every stage.
//!
//! The servers come from the folder `example`. Each stage is judged on its own, because a library
//! fails at the first rule that it does not enforce, and that rule may bind only the sender.

use std::process::Command;

use crate::programs::{Judged, RunningServer, judge, program, root};

fn judge_stage(server: &RunningServer, stage: u64) -> Judged {
    judge(&server.url, &["--stage", &stage.to_string()])
}

#[test]
fn our_own_server_passes_all_stages() {
    let mut server = program("server");
    server.args(["--listen", "127.0.0.1:0", "--handshake-timeout", "2s", "--close-timeout", "2s"]);
    let server = RunningServer::start(&mut server);
    judge(&format!("{}echo", server.url), &[]).expect_passed();
}

#[test]
fn ws_accepts_lengths_that_are_not_the_shortest_and_requests_without_host() {
    let folder = root().join("example");
    assert!(folder.join("node_modules/ws").is_dir(), "ws is not installed: run `npm ci` in the folder example");
    let mut command = Command::new("node");
    let mut server = RunningServer::start(command.args(["server.js", "--listen", "127.0.0.1:0"]).current_dir(folder));
    server.url.push_str("echo");
    for stage in [1, 2, 3, 5, 6, 7, 8, 12] {
        judge_stage(&server, stage).expect_passed();
    }
    judge_stage(&server, 4).expect_failed(4, "overlong-length-16", "the server accepted it (echo, Pong)");
    judge_stage(&server, 9).expect_failed(9, "faults-of-earlier-stages", "The length 5 is written in 16 bits");
    judge_stage(&server, 10).expect_failed(10, "host-missing", "the server accepted it (HTTP 101)");
}

#[test]
fn tungstenite_accepts_lengths_that_are_not_the_shortest_and_leaves_the_close_to_its_user() {
    let mut server = program("tungstenite-server");
    let mut server = RunningServer::start(server.args(["--listen", "127.0.0.1:0"]));
    server.url.push_str("echo");
    for stage in [1, 2, 3, 5, 6, 7, 8, 12] {
        judge_stage(&server, stage).expect_passed();
    }
    judge_stage(&server, 4).expect_failed(4, "overlong-length-16", "the server accepted it (echo, Pong)");
    judge_stage(&server, 9).expect_failed(
        9,
        "one-byte-close",
        "the server ended the TCP connection instead of sending a Close 1002",
    );
}

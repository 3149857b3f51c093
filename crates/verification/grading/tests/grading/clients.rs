//! The clients from the steps pass all stages for clients.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use crate::programs::{Judged, program};

/// Starts the judge, and then the client with the judge's URL. Returns the judge's results, what it
/// writes to standard error, and the client's exit status.
fn judge_client(client: impl FnOnce(&str) -> Command) -> (Judged, String, i32) {
    let mut judge = program("server");
    judge.args(["--listen", "127.0.0.1:0", "--grade-clients", "--json"]);
    let mut judge = judge.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let mut stdout = BufReader::new(judge.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it prints its URL");
    let url = line.trim().strip_prefix("listening on ").expect("the URL");
    let status = client(url).stderr(Stdio::null()).status().expect("the client starts");
    let mut output = Vec::new();
    stdout.read_to_end(&mut output).expect("it ends");
    let mut words = String::new();
    judge.stderr.take().expect("it is piped").read_to_string(&mut words).expect("UTF-8");
    let judged = Judged::parse(&output, judge.wait().expect("it ends").code().expect("no signal"));
    (judged, words, status.code().expect("no signal"))
}

fn expect_passed(step: &str) {
    let (judged, words, status) = judge_client(|url| {
        let mut client = program(step);
        client.args(["client", url]);
        client
    });
    judged.expect_passed();
    assert_eq!(words.trim(), "all stages passed");
    assert_eq!(status, 0, "the client stops with success when it gets the status 410");
}

#[test]
fn the_client_of_step_11_passes_all_stages() {
    expect_passed("step11");
}

#[test]
fn the_client_of_step_12_passes_all_stages() {
    expect_passed("step12");
}

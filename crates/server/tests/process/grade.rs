//! `--grade-clients`: the judge of a client.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::support::Server;

/// Sends a request without the header fields of an upgrade, and returns the response.
fn ordinary_request(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("the judge reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("the judge ends the TCP connection");
    response
}

#[test]
fn a_client_that_requests_no_upgrade_fails_in_stage_1_and_is_told_to_stop() {
    let mut server = Server::start(&["--grade-clients"]);
    assert_eq!(ordinary_request(&server), "", "the request needs no response to be judged");
    ordinary_request(&server);
    assert!(ordinary_request(&server).starts_with("HTTP/1.1 410 Gone\r\n"));
    assert_eq!(server.exit_code(), 1);
    server.wait_for_output("█░░░░░░░░░ stage  1  The request                         0 of 2");
    server.wait_for_output("stage 1: 0 of 2. The request: the request is not valid: ");
    server.wait_for_log(&["the client has not passed all stages"]);
}

#[test]
fn one_check_is_made_alone() {
    let mut server = Server::start(&["--grade-clients", "--check", "request-of-client"]);
    ordinary_request(&server);
    assert!(ordinary_request(&server).starts_with("HTTP/1.1 410 Gone\r\n"));
    assert_eq!(server.exit_code(), 1);
    server.wait_for_output("stage 1: 0 of 1. The request: the request is not valid: ");
    server.wait_for_log(&["the client has not passed request-of-client"]);
}

#[test]
fn the_checks_of_a_stage_are_listed_without_a_client() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_server"))
        .args(["--grade-clients", "--stage", "1", "--list"])
        .output()
        .expect("it starts");
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let expected = "stage  1  The request\n  request-of-client               The request\n  fresh-nonce                     The key of the second request\n";
    assert_eq!(output, expected);
}

#[test]
fn a_signal_stops_the_judge() {
    let mut server = Server::start(&["--grade-clients"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 143);
}

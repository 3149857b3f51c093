//! `--probe`: the table, the exit status, and the bytes on the wire.

use laboratory::{Fault, Role, faults};
use serde_json::Value;
use testkit::fault_bytes::{FaultSender, check_frames, check_request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    select,
};
use websocket::{accept, protocol::handshake::accept_key};

use crate::support::{ClientExit, ClientProcess, ScriptedServer, bounded, drain};

/// Reads a request up to the empty line, and the bytes that came with it. Reads in large pieces,
/// because some heads are long.
async fn read_request(tcp: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        bytes.reserve(64 << 10);
        let searched = bytes.len().saturating_sub(3);
        let count = bounded(tcp.read_buf(&mut bytes)).await.expect("the client is connected");
        assert!(count > 0, "the connection ends within the head");
        if bytes[searched..].windows(4).any(|four| four == b"\r\n\r\n") {
            return bytes;
        }
    }
}

/// Serves every connection with our own library, which follows the rules, and echoes messages until
/// the client has exited.
async fn exit_against_our_library(server: &ScriptedServer, client: ClientProcess) -> ClientExit {
    let serving = async {
        loop {
            let Ok(mut connection) = accept(server.accept_tcp().await).await else { continue };
            while let Some(Ok(message)) = bounded(connection.next()).await {
                if connection.send(message).await.is_err() {
                    break;
                }
            }
        }
    };
    select! {
        ended = client.exited() => ended,
        () = serving => unreachable!("the server never stops"),
    }
}

/// Accepts every request, and answers every frame with the Pong that the probe expects from a
/// server that has not noticed the fault.
async fn exit_against_a_tolerant_server(server: &ScriptedServer, client: ClientProcess) -> ClientExit {
    let serving = async {
        loop {
            let mut tcp = server.accept_tcp().await;
            let request = String::from_utf8(read_request(&mut tcp).await).expect("ASCII");
            let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let accept = accept_key(key.unwrap_or_default());
            let response = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            tcp.write_all(response.as_bytes()).await.expect("the client is connected");
            let mut first = [0; 1];
            if bounded(tcp.read(&mut first)).await.is_ok_and(|count| count > 0) {
                let _ = tcp.write_all(b"\x8a\x0cstill there?").await;
                drain(&mut tcp).await;
            }
        }
    };
    select! {
        ended = client.exited() => ended,
        () = serving => unreachable!("the server never stops"),
    }
}

/// Returns the cells of the table, without its header.
fn table(ended: &ClientExit) -> Vec<Vec<String>> {
    let text = String::from_utf8(ended.output.clone()).expect("UTF-8");
    let mut lines = text.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()));
    let head: Vec<_> = lines.next().expect("a header").collect();
    assert_eq!(head, ["RULE", "RFC", "DEMAND", "EXPECTED", "SEEN", "VERDICT"]);
    lines.map(|cells| cells.map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn our_library_answers_every_rule_as_required_and_the_table_is_complete() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--probe", &server.url()]);
    let ended = exit_against_our_library(&server, client).await;
    let rows = table(&ended);
    let expected: Vec<Vec<String>> = faults::sent_by(Role::Client)
        .zip(&rows)
        .map(|(Fault { name, section, level, expected, .. }, row)| {
            let seen = &row[4];
            [name, section, &*level.to_string(), &expected.to_string(), seen, "as expected"].map(str::to_owned).to_vec()
        })
        .collect();
    assert_eq!(rows, expected);
    assert_eq!(rows.len(), faults::sent_by(Role::Client).count());
    ended.expect(
        0,
        &format!(
            "{0} rules broken: {0} answered as the RFC requires, 0 rejected in another way, 0 tolerated where the RFC \
             allows it, 0 where it does not\n",
            rows.len()
        ),
    );
}

#[tokio::test]
async fn a_tolerant_server_is_detected() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--probe", "--probe-patience", "500ms", &server.url()]);
    let ended = exit_against_a_tolerant_server(&server, client).await;
    let rows = table(&ended);
    assert_eq!(rows.len(), faults::sent_by(Role::Client).count());
    for (row, Fault { name, .. }) in rows.iter().zip(faults::sent_by(Role::Client)) {
        assert_eq!(row[0], *name);
        let is_must = row[2] == "MUST";
        assert_eq!(row[5], if is_must { "tolerated, against a MUST" } else { "tolerated" }, "{row:?}");
    }
    assert_eq!(ended.status, Some(1));
    assert!(ended.errors.contains(" rules broken: 0 answered as the RFC requires, 0 rejected in another way, "));
}

/// Answers each fault so that the probe continues at once, and records every byte.
#[tokio::test]
async fn the_probe_sends_exactly_the_bytes_of_each_fault() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--probe", &format!("{}echo", server.url())]);
    let host = format!("127.0.0.1:{}", server.port());
    let recording = async {
        for fault in faults::sent_by(Role::Client) {
            let name = fault.name;
            let mut tcp = server.accept_tcp().await;
            if fault.is_in_handshake() {
                let mut bytes = read_request(&mut tcp).await;
                tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client is connected");
                bytes.extend(bounded(drain(&mut tcp)).await);
                check_request(name, &host, &bytes);
            } else {
                accept(&mut tcp).await.expect("a valid handshake");
                let bytes = close_and_record(&mut tcp, name).await;
                let (rest, _) = check_frames(name, FaultSender::Client, &bytes);
                assert!(rest.is_empty() || is_close_1002(rest), "{name} is followed by {rest:02x?}");
            }
        }
    };
    let (ended, ()) = tokio::join!(client.exited(), recording);
    assert_eq!(ended.status, Some(0), "{}", ended.errors);
}

/// Reads the first bytes, answers with a Close, and reads to the end.
async fn close_and_record(tcp: &mut TcpStream, name: &str) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let count = bounded(tcp.read(&mut bytes)).await.expect("the client is connected");
    bytes.truncate(count);
    tcp.write_all(b"\x88\x02\x03\xea").await.expect("the client is connected");
    // If the fault includes a Close, the client sends no second one.
    if !name.contains("close") {
        while bytes.len() < 8 || !is_close_1002(&bytes[bytes.len() - 8..]) {
            let count = bounded(tcp.read_buf(&mut bytes)).await.expect("the client is connected");
            assert!(count > 0, "{name}: the Close is not answered");
        }
    }
    tcp.shutdown().await.expect("the client is connected");
    bytes.extend(bounded(drain(tcp)).await);
    bytes
}

/// Returns whether these bytes are a client's answer to a Close with code 1002.
fn is_close_1002(bytes: &[u8]) -> bool {
    matches!(bytes, [0x88, 0x82, a, b, _, _, high, low] if (a ^ high, b ^ low) == (0x03, 0xea))
}

#[tokio::test]
async fn rules_can_be_selected_and_the_results_are_json() {
    let server = ScriptedServer::start().await;
    let selected = ["--probe-only", "invalid-utf8", "--probe-only", "key-missing"];
    let client = ClientProcess::start(["--probe", "--json"].into_iter().chain(selected).chain([&*server.url()]));
    let ended = exit_against_our_library(&server, client).await;
    assert_eq!(ended.status, Some(0), "{}", ended.errors);
    let text = String::from_utf8(ended.output).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [key_missing, invalid_utf8] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(key_missing["rule"], "key-missing");
    assert_eq!(key_missing["status"], 400);
    assert_eq!(key_missing["close"], Value::Null);
    assert_eq!(invalid_utf8["rule"], "invalid-utf8");
    assert_eq!(invalid_utf8["section"], "8.1");
    assert_eq!(invalid_utf8["demand"], "MUST");
    assert_eq!(invalid_utf8["expected"], "Close 1007");
    assert_eq!(invalid_utf8["seen"], "Close 1007, TCP closed");
    assert_eq!(invalid_utf8["close"]["code"], 1007);
    assert_eq!(invalid_utf8["close"]["reason"], "a text message must be UTF-8 (RFC 6455, section 8.1)");
    assert_eq!(invalid_utf8["verdict"], "as expected");
    assert_eq!(invalid_utf8["against_a_must"], false);
}

#[tokio::test]
async fn a_probe_that_cannot_start_is_reported_in_a_sentence() {
    let ended = ClientProcess::start(["--probe", "--probe-only", "unmasked-fame"]).exited().await;
    assert_eq!(ended.status, Some(2));
    let problem = "did you mean unmasked-frame? there is no such rule; --probe-list lists the rules";
    assert!(ended.errors.contains("'unmasked-fame'") && ended.errors.contains(problem), "{}", ended.errors);

    let ended = ClientProcess::start(["--json"]).exited().await;
    assert_eq!(ended.status, Some(2));
    assert!(ended.errors.contains("--probe"), "{}", ended.errors);

    let ended = ClientProcess::start(["--probe", "ftp://127.0.0.1/"]).exited().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.errors.starts_with("'ftp://127.0.0.1/' is not a WebSocket URL"), "{}", ended.errors);

    let server = ScriptedServer::start().await;
    let url = server.url();
    drop(server);
    let ended = ClientProcess::start(["--probe", &url]).exited().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.errors.starts_with("nothing is listening at 127.0.0.1:"), "{}", ended.errors);
}

#[tokio::test]
async fn the_rules_are_listed_one_per_line() {
    let ended = ClientProcess::start(["--probe-list"]).exited().await;
    assert_eq!((ended.status, ended.errors.as_str()), (Some(0), ""));
    let output = String::from_utf8(ended.output).expect("UTF-8");
    let names: Vec<_> = output.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let all: Vec<_> = faults::sent_by(Role::Client).map(|fault| fault.name).collect();
    assert_eq!(names, all);
    assert!(output.contains("unmasked-frame              5.1     "), "{output}");
}

#[tokio::test]
async fn a_server_that_stops_after_a_rule_is_reported_with_the_rule() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--probe", &server.url()]);
    let answer = async {
        let mut tcp = server.accept_tcp().await;
        // Stop listening before answering. Otherwise the next connection could enter the listener's
        // queue and be reset when the listener is dropped.
        drop(server);
        read_request(&mut tcp).await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client is connected");
        bounded(drain(&mut tcp)).await;
    };
    let (ended, ()) = tokio::join!(client.exited(), answer);
    assert_eq!(ended.status, Some(1));
    let sentence = "cannot connect any more after 'method-post': nothing is listening at 127.0.0.1:";
    assert!(ended.errors.starts_with(sentence), "{}", ended.errors);
    assert_eq!(table(&ended).len(), 1);
}

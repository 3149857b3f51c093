//! `--grade`: the judge of a server.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    select,
};
use websocket::accept;

use crate::support::{ClientExit, ClientProcess, ScriptedServer, bounded};

/// Serves connections one after the other until the client has exited.
async fn exit_against<F: Future<Output = ()>>(client: ClientProcess, serve: impl Fn() -> F) -> ClientExit {
    let serving = async {
        loop {
            serve().await;
        }
    };
    select! {
        ended = client.exited() => ended,
        () = serving => unreachable!("the server never stops"),
    }
}

async fn echo(server: &ScriptedServer) {
    let Ok(mut connection) = accept(server.accept_tcp().await).await else { return };
    while let Some(Ok(message)) = bounded(connection.next()).await {
        if connection.send(message).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_one_sentence() {
    let server = ScriptedServer::start().await;
    let url = server.url();
    drop(server);
    let ended = ClientProcess::start(["--grade", &url]).exited().await;
    ended.expect_all(1, "", &format!("nothing is listening at {url}: start your server, and check its port\n"));
}

#[tokio::test]
async fn a_web_server_fails_in_stage_1() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--grade", &server.url()]);
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html>\n";
    // Some checks send only part of a request, so a request may end early.
    let ended = exit_against(client, || async {
        let mut tcp = server.accept_tcp().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && bounded(tcp.read_buf(&mut request)).await.is_ok_and(|count| count > 0)
        {
        }
        let _ = tcp.write_all(page.as_bytes()).await;
        let _ = tcp.shutdown().await;
        while bounded(tcp.read(&mut [0; 512])).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    ended.expect(1, "");
    let output = String::from_utf8(ended.output).expect("UTF-8");
    let explanation = "stage 1: 0 of 5. A valid request: the server answered HTTP 200 OK instead of 101.";
    assert!(output.contains(explanation), "{output}");
    assert!(output.contains("< HTTP/1.1 200 OK\n"), "the response is dissected: {output}");
}

#[tokio::test]
async fn a_passed_stage_is_one_line() {
    let server = ScriptedServer::start().await;
    // This server serves one connection after the other, so judge only stage 3, which is about
    // masking.
    let client = ClientProcess::start(["--grade", "--stage", "3", "--probe-patience", "20s", &server.url()]);
    let ended = exit_against(client, || echo(&server)).await;
    ended.expect_all(0, "███░░░░░░░░░ stage  3  Unmask                              6 of 6\n", "stage 3 passed\n");
}

#[tokio::test]
async fn a_failed_stage_is_explained() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--grade", "--stage", "3", "--probe-patience", "1s", &server.url()]);
    let connections = std::cell::RefCell::new(Vec::new());
    let ended = exit_against(client, || async {
        // Accept every connection, keep it open, and answer nothing.
        let connection = server.accept_raw().await;
        connections.borrow_mut().push(connection);
    });
    let ended = ended.await;
    ended.expect(1, "");
    let output = String::from_utf8(ended.output).expect("UTF-8");
    for part in [
        "███░░░░░░░░░ stage  3  Unmask                              0 of 6\n",
        "  FAILED text-of-5-bytes: A text of 5 bytes: the echo did not arrive within 1 s\n",
        "stage 3: 0 of 6. A text of 5 bytes: the echo did not arrive within 1 s. Read the four bytes of the key",
        "sent 81 85 ",
        "got nothing\n",
        "> Text, 5 bytes: Hello\n",
        "See \"Unmask\" (docs/src/build/03-unmask.md).\n",
        "5 other checks failed. Each is explained if it is run alone, as in: --check text-of-0-bytes\n",
    ] {
        assert!(output.contains(part), "no {part:?} in {output}");
    }
}

#[tokio::test]
async fn one_check_is_made_and_explained_alone() {
    let server = ScriptedServer::start().await;
    let url = server.url();
    let arguments = ["--grade", "--check", "masking-key-of-zeros", "--probe-patience", "20s", &url];
    let ended = exit_against(ClientProcess::start(arguments), || echo(&server)).await;
    ended.expect_all(0, "  passed masking-key-of-zeros\n", "");

    let arguments = ["--grade", "--check", "text-of-0-bytes", "--probe-patience", "1s", &url];
    let connections = std::cell::RefCell::new(Vec::new());
    let ended = exit_against(ClientProcess::start(arguments), || async {
        let connection = server.accept_raw().await;
        connections.borrow_mut().push(connection);
    });
    let ended = ended.await;
    ended.expect(1, "");
    let output = String::from_utf8(ended.output).expect("UTF-8");
    for part in ["  FAILED text-of-0-bytes: ", "stage 3: 0 of 1. A text of 0 bytes: ", "sent 81 80 "] {
        assert!(output.contains(part), "no {part:?} in {output}");
    }
    assert!(!output.contains("text-of-5-bytes"), "another check was made: {output}");
}

#[tokio::test]
async fn the_checks_of_a_stage_are_listed() {
    let ended = ClientProcess::start(["--grade", "--stage", "5", "--list"]).exited().await;
    ended.expect(0, "");
    let output = String::from_utf8(ended.output).expect("UTF-8");
    assert!(output.starts_with("stage  5  The loop\n  frame-byte-by-byte"), "{output}");
    assert_eq!(output.lines().count(), 7, "{output}");
    let ended = ClientProcess::start(["--grade", "--list"]).exited().await;
    let all = String::from_utf8(ended.output).expect("UTF-8");
    assert!(all.contains(&output) && all.contains("  many-at-once  "), "{all}");
}

#[tokio::test]
async fn a_check_that_is_misspelt_is_suggested() {
    let ended = ClientProcess::start(["--grade", "--check", "two-frames-in-one-rite"]).exited().await;
    let errors = ended.errors;
    assert!(errors.contains("did you mean two-frames-in-one-write? there is no such check"), "{errors}");
}

#[tokio::test]
async fn json_has_one_line_for_each_check() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--grade", "--json", "--stage", "3", "--probe-patience", "20s", &server.url()]);
    let ended = exit_against(client, || echo(&server)).await;
    ended.expect(0, "stage 3 passed\n");
    let text = String::from_utf8(ended.output).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["check"], "text-of-5-bytes");
    assert!(lines.iter().all(|line| line["stage"] == 3 && line["passed"] == true && line["explanation"].is_null()));
}

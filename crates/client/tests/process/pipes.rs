//! Standard streams that are full, slow or closed.

#![cfg_attr(not(unix), allow(unused_imports, reason = "the tests with signals and special files need them"))]

use std::{fs::File, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    time::timeout,
};
use websocket::protocol::CloseCode;

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, command, texts};

#[tokio::test]
async fn when_the_output_is_closed_the_connection_is_closed() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    connection.send("for head -1").await.unwrap();
    assert_eq!(client.line().await, "for head -1\n");
    client.close_output();
    connection.send("for nobody").await.unwrap();
    assert_eq!(texts(&mut connection).await, [""; 0]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn a_flood_for_a_closed_output_ends_cleanly() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let (mut reader, mut writer) = server.accept().await.into_split();
    client.close_output();
    let flooding = async { while writer.send("x".repeat(1000)).await.is_ok() {} };
    let reading = async { while bounded(reader.next()).await.is_some() {} };
    let ((), (), ended) = join!(bounded(flooding), reading, client.exited());
    ended.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn a_slow_reader_of_the_output_slows_down_the_server_and_loses_nothing() {
    const FAR_TOO_MUCH: usize = 64 << 20;
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    let message = "x".repeat(65535);
    let mut sent = 0;
    while timeout(Duration::from_millis(300), connection.send(message.as_str())).await.is_ok() {
        sent += message.len() + 1;
        assert!(sent < FAR_TOO_MUCH, "{sent} bytes of output are in memory");
    }
    client.end_input();
    // The last `send` was cancelled. Its message may already be in the connection's queue, in which
    // case it is sent in full.
    let (_, ended) = join!(texts(&mut connection), client.exited());
    ended.expect(0, CLOSED_BY_US);
    assert!(ended.output.len() == sent || ended.output.len() == sent + 65536, "{} of {sent}", ended.output.len());
}

/// More bytes than the client and the kernel can hold while messages of 1 MiB are sent: the
/// client's queue of 1 MiB, three messages that are being read, moved or written, and the buffers
/// of two sockets and a pipe, which take about 10 MiB.
const HELD_MAX: usize = 32 << 20;

#[tokio::test]
async fn messages_that_wait_for_the_output_are_bounded_in_bytes() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    let message = "x".repeat(1 << 20);
    let mut sent = 0;
    while timeout(Duration::from_millis(300), connection.send(message.as_str())).await.is_ok() {
        sent += message.len();
        assert!(sent < HELD_MAX, "{sent} bytes of output are in memory");
    }
    drop(client);
}

#[tokio::test]
async fn lines_that_wait_for_the_server_are_bounded_in_bytes() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let connection = server.accept().await;
    let line = "x".repeat((1 << 20) - 1) + "\n";
    let mut written = 0;
    while timeout(Duration::from_millis(300), client.input().write_all(line.as_bytes())).await.is_ok() {
        written += line.len();
        assert!(written < HELD_MAX, "{written} bytes of input are in memory");
    }
    drop(connection);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_works_while_the_output_is_blocked() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--close-timeout", "200ms", &server.url()]);
    let mut connection = server.accept().await;
    connection.send("hi").await.unwrap();
    assert_eq!(client.line().await, "hi\n");
    let message = "x".repeat(65535);
    while timeout(Duration::from_millis(300), connection.send(message.as_str())).await.is_ok() {}
    client.signal("INT").await;
    // Nobody reads the client's output until the client has exited.
    let ClientProcess { mut child, output, .. } = client;
    let status = bounded(child.wait()).await.unwrap();
    drop(output);
    assert_eq!(status.code(), Some(1));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    assert!(errors.starts_with("cannot write to standard output: nobody reads it\nclosed: 1006"), "{errors}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_output_is_an_error() {
    let server = ScriptedServer::start().await;
    let mut full = command([server.url()]);
    full.stdout(File::options().write(true).open("/dev/full").unwrap());
    let client = ClientProcess::spawn(full);
    let mut connection = server.accept().await;
    connection.send("hello").await.unwrap();
    texts(&mut connection).await;
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client
        .exited()
        .await
        .expect(1, &format!("cannot write to standard output: No space left on device (os error 28)\n{CLOSED_BY_US}"));
}

#[tokio::test]
async fn a_closed_standard_error_does_not_cause_a_panic() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["-v", &server.url()]);
    client.child.stderr = None;
    let mut connection = server.accept().await;
    connection.ping(b"").await.unwrap();
    client.write(b"\xff\nhello\n").await;
    client.end_input();
    assert_eq!(texts(&mut connection).await, ["hello"]);
    assert_eq!(client.exited().await.status, Some(1));
}

#[cfg(unix)]
#[tokio::test]
async fn an_unreadable_input_is_reported() {
    let server = ScriptedServer::start().await;
    let mut directory = command([server.url()]);
    directory.stdin(File::open("/").unwrap());
    let client = ClientProcess::spawn(directory);
    let (_, ended) = join!(server.echo(), client.exited());
    ended.expect(1, &format!("cannot read standard input: Is a directory (os error 21)\n{CLOSED_BY_US}"));
}

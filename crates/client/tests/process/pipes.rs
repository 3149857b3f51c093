//! Standard output and standard error that are full, slow or gone.

use std::{fs::File, time::Duration};

use tokio::{io::AsyncReadExt, join, time::timeout};
use websocket::protocol::CloseCode;

use crate::support::{Client, Server, bounded, command, texts};

const BY_US: &str = "closed: 1000 (normal closure), by us\n";

#[tokio::test]
async fn when_nobody_reads_the_output_any_more_the_connection_is_closed() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    connection.send("for head -1").await.unwrap();
    assert_eq!(client.line().await, "for head -1\n");
    client.close_output();
    connection.send("for nobody").await.unwrap();
    assert_eq!(texts(&mut connection).await, [""; 0]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client.ended().await.expect(0, BY_US);
}

#[tokio::test]
async fn a_flood_for_an_output_that_is_gone_ends_cleanly() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let (mut reader, mut writer) = server.accept().await.split();
    client.close_output();
    let flooding = async { while writer.send("x".repeat(1000)).await.is_ok() {} };
    let reading = async { while bounded(reader.next()).await.is_some() {} };
    let ((), (), ended) = join!(bounded(flooding), reading, client.ended());
    ended.expect(0, BY_US);
}

#[tokio::test]
async fn a_slow_reader_of_the_output_slows_the_server_down_and_loses_nothing() {
    const FAR_TOO_MUCH: usize = 64 << 20;
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    let message = "x".repeat(65535);
    let mut sent = 0;
    while timeout(Duration::from_millis(300), connection.send(message.as_str())).await.is_ok() {
        sent += message.len() + 1;
        assert!(sent < FAR_TOO_MUCH, "{sent} bytes of output lie in memory");
    }
    client.end_input();
    // The send that did not get through has left its message in the connection: it is sent whole.
    let (_, ended) = join!(texts(&mut connection), client.ended());
    ended.expect(0, BY_US);
    assert!(ended.output.len() == sent || ended.output.len() == sent + 65536, "{} of {sent}", ended.output.len());
}

#[tokio::test]
async fn ctrl_c_is_heard_while_the_output_is_stuck() {
    let server = Server::start().await;
    let mut client = Client::start(["--close-timeout", "200ms", &server.url()]);
    let mut connection = server.accept().await;
    connection.send("hi").await.unwrap();
    assert_eq!(client.line().await, "hi\n");
    let message = "x".repeat(65535);
    while timeout(Duration::from_millis(300), connection.send(message.as_str())).await.is_ok() {}
    client.signal("INT").await;
    // Nobody reads the client's output until it has ended.
    let Client { mut child, output, .. } = client;
    let status = bounded(child.wait()).await.unwrap();
    drop(output);
    assert_eq!(status.code(), Some(1));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    assert!(errors.starts_with("cannot write to standard output: nobody takes it\nclosed: 1006"), "{errors}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_output_that_takes_nothing_more_is_an_error() {
    let server = Server::start().await;
    let mut full = command([server.url()]);
    full.stdout(File::options().write(true).open("/dev/full").unwrap());
    let client = Client::spawn(full);
    let mut connection = server.accept().await;
    connection.send("hello").await.unwrap();
    texts(&mut connection).await;
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client
        .ended()
        .await
        .expect(1, &format!("cannot write to standard output: No space left on device (os error 28)\n{BY_US}"));
}

#[tokio::test]
async fn a_standard_error_that_nobody_reads_is_no_reason_to_panic() {
    let server = Server::start().await;
    let mut client = Client::start(["-v", &server.url()]);
    client.child.stderr = None;
    let mut connection = server.accept().await;
    connection.ping(b"").await.unwrap();
    client.write(b"\xff\nhello\n").await;
    client.end_input();
    assert_eq!(texts(&mut connection).await, ["hello"]);
    assert_eq!(client.ended().await.status, Some(1));
}

#[tokio::test]
async fn an_input_that_cannot_be_read_is_said_to_be() {
    let server = Server::start().await;
    let mut directory = command([server.url()]);
    directory.stdin(File::open("/").unwrap());
    let client = Client::spawn(directory);
    let (_, ended) = join!(server.echo(), client.ended());
    ended.expect(1, &format!("cannot read standard input: Is a directory (os error 21)\n{BY_US}"));
}

//! Ctrl-C and SIGTERM.

use tokio::join;

use crate::support::{Client, Server, bounded, drain, next_text, read_head, texts};

#[tokio::test]
async fn ctrl_c_and_sigterm_close_with_1000() {
    for signal in ["INT", "TERM"] {
        let server = Server::start().await;
        let mut client = Client::start([server.url()]);
        let mut connection = server.accept().await;
        client.write(b"hi\n").await;
        assert_eq!(next_text(&mut connection).await, "hi");
        client.signal(signal).await;
        assert_eq!(texts(&mut connection).await, [""; 0]);
        assert!(connection.close_info().was_clean);
        client.ended().await.expect_all(0, "", "closed: 1000 (normal closure), by us\n");
    }
}

#[tokio::test]
async fn messages_that_still_arrive_after_ctrl_c_are_printed() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    client.write(b"hi\n").await;
    assert_eq!(next_text(&mut connection).await, "hi");
    client.signal("INT").await;
    let (mut reader, mut writer) = connection.split();
    // Sent before the client's Close is read, so the connection is open at this end.
    writer.send("one more").await.unwrap();
    while bounded(reader.next()).await.is_some() {}
    client.ended().await.expect_all(0, "one more\n", "closed: 1000 (normal closure), by us\n");
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait() {
    let server = Server::start().await;
    let mut client = Client::start(["--close-timeout", "1h", &server.url()]);
    let mut tcp = server.accept_raw().await;
    client.opened(&mut tcp).await;
    client.signal("INT").await;
    // The first has been heard: this is the Close.
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 8])).await.unwrap();
    client.signal("INT").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.ended());
    ended.expect_all(130, "", "stopped without waiting any longer\n");
}

#[tokio::test]
async fn ctrl_c_after_the_end_of_the_input_does_not_wait_for_answers() {
    let server = Server::start().await;
    let client = Client::fed(["--close-timeout", "1h", &server.url()], b"").await;
    let mut tcp = server.accept_raw().await;
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 8])).await.unwrap();
    client.signal("TERM").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.ended());
    ended.expect_all(143, "", "stopped without waiting any longer\n");
}

#[tokio::test]
async fn ctrl_c_before_the_connection_is_open_ends_at_once() {
    let server = Server::start().await;
    let client = Client::start([server.url()]);
    let mut tcp = server.accept_tcp().await;
    bounded(read_head(&mut tcp)).await;
    client.signal("INT").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.ended());
    ended.expect_all(130, "", "");
}

#[tokio::test]
async fn a_server_that_goes_on_talking_does_not_keep_us_after_ctrl_c() {
    let server = Server::start().await;
    let mut client = Client::start(["--close-timeout", "300ms", &server.url()]);
    let mut tcp = server.accept_raw().await;
    client.opened(&mut tcp).await;
    client.signal("INT").await;
    let talking = async {
        let mut pause = tokio::time::interval(std::time::Duration::from_millis(20));
        // "hm", until the client has gone.
        while tokio::io::AsyncWriteExt::write_all(&mut tcp, &[0x81, 2, b'h', b'm']).await.is_ok() {
            pause.tick().await;
        }
    };
    let ((), ended) = join!(bounded(talking), client.ended());
    assert_eq!(ended.status, Some(1));
    assert!(ended.errors.contains("no answer to our Close came within 300ms"), "{}", ended.errors);
    assert!(ended.output.starts_with(b"hm\nhm\n"));
}

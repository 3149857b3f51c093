//! Ctrl-C and SIGTERM.

use tokio::join;

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, drain, next_text, read_head, texts};

#[tokio::test]
async fn ctrl_c_and_sigterm_close_with_1000() {
    for signal in ["INT", "TERM"] {
        let server = ScriptedServer::start().await;
        let mut client = ClientProcess::start([server.url()]);
        let mut connection = server.accept().await;
        client.write(b"hi\n").await;
        assert_eq!(next_text(&mut connection).await, "hi");
        client.signal(signal).await;
        assert_eq!(texts(&mut connection).await, [""; 0]);
        assert!(connection.close_info().was_clean);
        client.exited().await.expect_all(0, "", CLOSED_BY_US);
    }
}

#[tokio::test]
async fn messages_that_arrive_after_ctrl_c_are_printed() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    client.write(b"hi\n").await;
    assert_eq!(next_text(&mut connection).await, "hi");
    client.signal("INT").await;
    let (mut reader, mut writer) = connection.into_split();
    // The server has not read the client's Close yet, so it may still send.
    writer.send("one more").await.unwrap();
    while bounded(reader.next()).await.is_some() {}
    client.exited().await.expect_all(0, "one more\n", CLOSED_BY_US);
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--close-timeout", "1h", &server.url()]);
    let mut tcp = server.accept_raw().await;
    client.opened(&mut tcp).await;
    client.signal("INT").await;
    // These bytes are the Close, which proves that the client has received the first signal.
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 8])).await.unwrap();
    client.signal("INT").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.exited());
    ended.expect_all(130, "", "stopped without waiting any longer\n");
}

#[tokio::test]
async fn ctrl_c_after_the_end_of_the_input_does_not_wait_for_answers() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed(["--close-timeout", "1h", &server.url()], b"").await;
    let mut tcp = server.accept_raw().await;
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 8])).await.unwrap();
    client.signal("TERM").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.exited());
    ended.expect_all(143, "", "stopped without waiting any longer\n");
}

#[tokio::test]
async fn ctrl_c_before_the_connection_is_open_stops_at_once() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_tcp().await;
    bounded(read_head(&mut tcp)).await;
    client.signal("INT").await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.exited());
    ended.expect_all(130, "", "");
}

#[tokio::test]
async fn after_ctrl_c_a_talkative_server_cannot_delay_the_end() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--close-timeout", "300ms", &server.url()]);
    let mut tcp = server.accept_raw().await;
    client.opened(&mut tcp).await;
    client.signal("INT").await;
    let talking = async {
        let mut pause = tokio::time::interval(std::time::Duration::from_millis(20));
        // Send the text "hm" until the client has closed the connection.
        while tokio::io::AsyncWriteExt::write_all(&mut tcp, &[0x81, 2, b'h', b'm']).await.is_ok() {
            pause.tick().await;
        }
    };
    let ((), ended) = join!(bounded(talking), client.exited());
    assert_eq!(ended.status, Some(1));
    assert!(ended.errors.contains("the server did not answer our Close within 300ms"), "{}", ended.errors);
    assert!(ended.output.starts_with(b"hm\nhm\n"));
}

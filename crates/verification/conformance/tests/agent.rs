//! The agent, with a small suite that looks at what it does.

use conformance::{agent, implementation::Implementation};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use websocket::{
    ServerConfig, WebSocket,
    protocol::{CloseCode, Message, handshake::UpgradeOptions},
};

/// The next connection, and the path that it asked for.
async fn next(listener: &TcpListener) -> (String, WebSocket<TcpStream>) {
    let options = ServerConfig::default();
    let (stream, _) = listener.accept().await.expect("a connection");
    let incoming = websocket::read_request(stream, &options).await.expect("a request");
    let target = incoming.request().head().uri().to_string();
    let upgrade = incoming.request().check_upgrade().expect("a good request");
    let connection = incoming.accept(upgrade, UpgradeOptions::default(), &options).await.expect("an open connection");
    (target, connection)
}

async fn goes_through_all_cases(of: Implementation) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    let suite = async {
        let (path, mut connection) = next(&listener).await;
        assert_eq!(path, "/getCaseCount");
        connection.send(Message::text("2")).await.expect("sent");
        connection.close(CloseCode::NORMAL, "").await.expect("closed");

        // A case in which all is well.
        let (path, mut connection) = next(&listener).await;
        assert_eq!(path, format!("/runCase?case=1&agent={}", of.name()));
        for message in [Message::text("κόσμε"), Message::binary(vec![0, 0xFF]), Message::text("")] {
            connection.send(message.clone()).await.expect("sent");
            assert_eq!(connection.next().await.expect("an answer").expect("a message"), message);
        }
        connection.close(CloseCode::NORMAL, "").await.expect("closed");

        // One that breaks a rule: a bit that no extension has given a meaning. The agent has to go on all the same.
        let (path, connection) = next(&listener).await;
        assert_eq!(path, format!("/runCase?case=2&agent={}", of.name()));
        let mut stream = connection.into_inner();
        stream.write_all(&[0xC1, 0]).await.expect("written");
        drop(stream);

        let (path, mut connection) = next(&listener).await;
        assert_eq!(path, format!("/updateReports?agent={}", of.name()));
        connection.close(CloseCode::NORMAL, "").await.expect("closed");
    };
    let ((), agent) = tokio::join!(suite, agent::run(of, &url));
    assert_eq!(agent, Ok(()));
}

#[tokio::test]
async fn ours_goes_through_all_cases() {
    goes_through_all_cases(Implementation::Ours).await;
}

#[tokio::test]
async fn tungstenites_goes_through_all_cases() {
    goes_through_all_cases(Implementation::Tungstenite).await;
}

#[tokio::test]
async fn a_suite_that_is_not_there_ends_the_agent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    drop(listener);
    for of in [Implementation::Ours, Implementation::Tungstenite] {
        agent::run(of, &url).await.expect_err("nobody is there");
    }
}

//! The agent, tested with a small suite.

use conformance::{agent, implementation::Implementation};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use websocket::{
    ServerConfig, WebSocket,
    protocol::{CloseCode, Message, handshake::UpgradeOptions},
};

/// Accepts the next connection, and returns it together with its path.
async fn next(listener: &TcpListener) -> (String, WebSocket<TcpStream>) {
    let options = ServerConfig::default();
    let (stream, _) = listener.accept().await.expect("a connection");
    let incoming = websocket::read_request(stream, &options).await.expect("a request");
    let target = incoming.request().head().uri().to_string();
    let connection = incoming.accept(UpgradeOptions::default(), &options).await.expect("an open connection");
    (target, connection)
}

async fn runs_all_cases(of: Implementation) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    let suite = async {
        let (path, mut connection) = next(&listener).await;
        assert_eq!(path, "/getCaseCount");
        connection.send(Message::text("2")).await.expect("sent");
        connection.close(CloseCode::NORMAL, "").await.expect("closed");

        // A case without a mistake.
        let (path, mut connection) = next(&listener).await;
        assert_eq!(path, format!("/runCase?case=1&agent={}", of.name()));
        for message in [Message::text("κόσμε"), Message::binary(vec![0, 0xFF]), Message::text("")] {
            connection.send(message.clone()).await.expect("sent");
            assert_eq!(connection.next().await.expect("an answer").expect("a message"), message);
        }
        connection.close(CloseCode::NORMAL, "").await.expect("closed");

        // This case breaks a rule by setting a reserved bit. The agent must continue with the next
        // case.
        let (path, connection) = next(&listener).await;
        assert_eq!(path, format!("/runCase?case=2&agent={}", of.name()));
        let mut stream = connection.into_parts().stream;
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
async fn our_agent_runs_all_cases() {
    runs_all_cases(Implementation::Ours).await;
}

#[tokio::test]
async fn the_agent_on_hyper_runs_all_cases() {
    runs_all_cases(Implementation::Hyper).await;
}

#[tokio::test]
async fn the_agent_in_http_2_runs_all_cases_through_the_bridge() {
    runs_all_cases(Implementation::Http2).await;
}

#[tokio::test]
async fn the_agent_on_tungstenite_runs_all_cases() {
    runs_all_cases(Implementation::Tungstenite).await;
}

#[tokio::test]
async fn without_a_suite_the_agent_returns_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    drop(listener);
    for of in [Implementation::Ours, Implementation::Hyper, Implementation::Tungstenite] {
        let error = agent::run(of, &url).await.expect_err("nothing listens there");
        assert!(error.to_lowercase().contains("refused"), "{error}");
    }
    let error = agent::run(Implementation::Http2, &url).await.expect_err("nothing listens there");
    assert!(error.contains("cannot reach the suite"), "{error}");
}

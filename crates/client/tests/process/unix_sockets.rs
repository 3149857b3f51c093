//! `--unix`.

use std::path::PathBuf;

use tokio::{join, net::UnixListener};
use websocket::accept;

use crate::support::{CLOSED_BY_US, ClientProcess, bounded};

/// Returns a path at which no file exists, in the directory for the tests' files.
fn socket_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[tokio::test]
async fn the_conversation_goes_over_the_unix_socket() {
    let path = socket_path("client");
    let listener = UnixListener::bind(&path).expect("a short path");
    let path = path.to_str().expect("UTF-8");
    let capture = format!("{path}.pcapng");
    let _ = std::fs::remove_file(&capture);
    let client = ClientProcess::fed(["--unix", path, "--capture", &capture], b"hi\n");
    let serving = async {
        let (stream, _) = bounded(listener.accept()).await.expect("a connection");
        let mut connection = bounded(accept(stream)).await.expect("a request");
        let mut messages = Vec::new();
        while let Some(message) = bounded(connection.next()).await {
            messages.push(message.expect("no error"));
        }
        messages
    };
    let ending = async { client.await.exited().await };
    let (messages, ended) = join!(serving, ending);
    ended.expect_all(0, "", CLOSED_BY_US);
    assert_eq!(messages.iter().map(|message| message.as_text()).collect::<Vec<_>>(), [Some("hi")]);
    assert!(std::fs::metadata(&capture).expect("a file").len() > 0);
    std::fs::remove_file(&capture).expect("the capture");
    std::fs::remove_file(path).expect("the socket");
}

/// The address has the form that the npm library ws uses.
#[tokio::test]
async fn a_url_names_the_unix_socket_and_the_path() {
    let path = socket_path("url");
    let listener = UnixListener::bind(&path).expect("a short path");
    let path = path.to_str().expect("UTF-8");
    let serving = async {
        let (stream, _) = bounded(listener.accept()).await.expect("a connection");
        let incoming = bounded(websocket::read_request(stream, &websocket::ServerConfig::default())).await;
        let incoming = incoming.expect("a request");
        let head = incoming.request();
        assert_eq!((head.path(), head.headers()["host"].as_bytes()), ("/chat", &b"localhost"[..]));
        let _ = bounded(incoming.respond(&http::Response::new(""))).await;
    };
    let client = ClientProcess::start([format!("ws+unix:{path}:/chat")]);
    let ((), ended) = join!(serving, client.exited());
    assert!(ended.errors.contains("answered with HTTP 200"), "{}", ended.errors);
    std::fs::remove_file(path).expect("the socket");
}

#[tokio::test]
async fn a_url_of_a_unix_socket_that_is_wrong_is_a_usage_error() {
    for arguments in
        [&["ws+unix:"][..], &["ws+unix:/a:b"], &["ws+unix:/a", "--unix", "/b"], &["ws+unix:/a", "--proxy", "h"]]
    {
        let ended = ClientProcess::start(arguments).exited().await;
        assert_eq!(ended.status, Some(2), "{arguments:?}: {}", ended.errors);
    }
}

#[tokio::test]
async fn a_path_without_a_server_is_one_sentence() {
    let path = socket_path("nobody");
    let path = path.to_str().expect("UTF-8");
    let missing = ClientProcess::start(["--unix", path]).exited().await;
    let sentence =
        format!("cannot connect to the Unix socket {path}: check the path, and that the server is running (");
    assert!(missing.errors.starts_with(&sentence), "{}", missing.errors);
    assert_eq!((missing.status, missing.errors.lines().count()), (Some(1), 1));
    // A socket's file outlives the process that listened on the socket.
    drop(UnixListener::bind(path).expect("a short path"));
    let stale = ClientProcess::start(["--unix", path]).exited().await;
    let sentence = format!("cannot connect to the Unix socket {path}: no server listens there any more (");
    assert!(stale.errors.starts_with(&sentence), "{}", stale.errors);
    std::fs::remove_file(path).expect("the socket");
}

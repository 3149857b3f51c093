//! `--follow`.

use tokio::{io::AsyncWriteExt, join};

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, read_head, texts};

/// Answers one request with a redirect. Returns the request.
async fn redirect(server: &ScriptedServer, target: &str) -> String {
    let mut tcp = server.accept_tcp().await;
    let request = bounded(read_head(&mut tcp)).await;
    let response = format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
    tcp.write_all(response.as_bytes()).await.expect("the client is connected");
    request
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_credentials() {
    let (first, second) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let (url, target) = (first.url(), format!("{}there", second.url()));
    let mut client =
        ClientProcess::start([&*url, "--follow", "2", "-v", "-H", "Authorization: secret", "-H", "X-A: b"]);
    client.end_input();
    let serving = async {
        let credentials = redirect(&first, "/again").await.contains("secret");
        let again = redirect(&first, &target).await;
        assert!(credentials && again.contains("secret"), "{again}");
        let mut path = String::new();
        let mut connection = second
            .accept_request(|request| {
                let request = request.request();
                assert!(!request.headers().contains_key("Authorization"), "{:?}", request.headers());
                assert_eq!(request.headers()["X-A"], "b");
                path = request.path().to_owned();
                Default::default()
            })
            .await;
        texts(&mut connection).await;
        path
    };
    let (path, ended) = join!(serving, client.exited());
    assert_eq!((&*path, ended.status), ("/there", Some(0)));
    assert!(ended.errors.contains(&format!("connected to {target}\n")), "{}", ended.errors);
    assert!(ended.errors.ends_with(CLOSED_BY_US), "{}", ended.errors);
}

#[tokio::test]
async fn a_loop_and_too_many_redirects_are_one_sentence_each() {
    let server = ScriptedServer::start().await;
    let url = server.url();
    let client = ClientProcess::start([&*url, "--follow", "9"]);
    let serving = async {
        redirect(&server, "/a").await;
        redirect(&server, "/").await;
    };
    let ((), ended) = join!(serving, client.exited());
    ended.expect_all(1, "", &format!("the redirects form a loop: {url} -> {url}a -> {url}\n"));

    let client = ClientProcess::start([&*url, "--follow", "1"]);
    let serving = async {
        redirect(&server, "/a").await;
        redirect(&server, "/b").await;
    };
    let ((), ended) = join!(serving, client.exited());
    let sentence = format!("there are too many redirects: {url} -> {url}a -> {url}b; --follow sets the limit\n");
    ended.expect_all(1, "", &sentence);
}

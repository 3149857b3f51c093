//! `--proxy`, `--no-proxy` and the environment variables.

use testkit::proxy_server::ProxyServer;
use tokio::join;

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, command, next_text, texts};

/// A URL whose host only the proxy can resolve.
const FEED: &str = "ws://feed.invalid/";

/// Runs a client with one line of input. The server must receive the line, and the client must
/// report only the end of the connection.
async fn converse(server: &ScriptedServer, client: ClientProcess) {
    let serving = async {
        let mut connection = server.accept().await;
        assert_eq!(next_text(&mut connection).await, "hi");
        texts(&mut connection).await
    };
    let feeding = async {
        let mut client = client;
        client.write(b"hi\n").await;
        client.end_input();
        client.exited().await
    };
    let (_, ended) = join!(serving, feeding);
    ended.expect_all(0, "", CLOSED_BY_US);
}

/// Returns a client with these environment variables.
fn with_variables(arguments: &[&str], variables: &[(&str, &str)]) -> ClientProcess {
    let mut command = command(arguments);
    command.envs(variables.iter().copied());
    ClientProcess::spawn(command)
}

#[tokio::test]
async fn the_conversation_goes_through_the_proxy() {
    let server = ScriptedServer::start().await;
    let http = ProxyServer::http(server.address()).await;
    converse(&server, ClientProcess::start([FEED, "--proxy", &http.address().to_string()])).await;
    assert_eq!(http.requests(), ["CONNECT feed.invalid:80 HTTP/1.1\r\nHost: feed.invalid:80\r\n\r\n"]);

    let socks = ProxyServer::socks(server.address(), Some(("user", "secret"))).await;
    let url = format!("socks5h://user:secret@{}", socks.address());
    converse(&server, ClientProcess::start([FEED, "--proxy", &url])).await;
    assert_eq!(socks.requests(), ["feed.invalid:80"]);
}

#[tokio::test]
async fn the_environment_names_the_proxy() {
    let server = ScriptedServer::start().await;
    let proxy = ProxyServer::http(server.address()).await;
    let url = format!("http://{}", proxy.address());
    for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        converse(&server, with_variables(&[FEED], &[(variable, &url)])).await;
    }
    assert_eq!(proxy.requests().len(), 3);
    // A server on this computer needs no proxy.
    converse(&server, with_variables(&[&server.url()], &[("ALL_PROXY", &url)])).await;
    assert_eq!(proxy.requests().len(), 3);
    // The command line takes precedence over the environment, even for a server on this computer.
    let nowhere = [("ALL_PROXY", "http://proxy.invalid:1")];
    converse(&server, with_variables(&[&server.url(), "--proxy", &url], &nowhere)).await;
    assert_eq!(proxy.requests().len(), 4);
}

#[tokio::test]
async fn no_proxy_connects_directly() {
    let proxy = ProxyServer::http_without_tunnel("HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
    let url = format!("http://{}", proxy.address());
    for (arguments, variables) in [
        (&[FEED, "--no-proxy"][..], &[("ALL_PROXY", &*url)][..]),
        (&[FEED], &[("ALL_PROXY", &url), ("NO_PROXY", "other.invalid, .invalid")]),
    ] {
        let ended = with_variables(arguments, variables).exited().await;
        assert!(ended.errors.starts_with("cannot find the host feed.invalid: "), "{}", ended.errors);
    }
    assert_eq!(proxy.requests(), [""; 0]);
}

/// Runs a client through this proxy. Returns the sentence that the client prints, with the proxy's
/// address replaced by `HERE`.
async fn sentence_about(proxy: &ProxyServer, scheme: &str) -> String {
    let url = format!("{scheme}{}", proxy.address());
    let ended = ClientProcess::start([FEED, "--proxy", &url]).exited().await;
    assert_eq!((ended.status, &*ended.output), (Some(1), &b""[..]));
    assert!(!ended.errors.contains("secret"), "{}", ended.errors);
    let line = ended.errors.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "{line}");
    line.replace(&proxy.address().to_string(), "HERE")
}

/// Every mode connects through the proxy that the command line or the environment names.
#[tokio::test]
async fn the_probe_and_the_judge_go_through_the_proxy() {
    let modes = [
        "--probe",
        "--grade",
        #[cfg(feature = "http2")]
        "--http2",
    ];
    for mode in modes {
        let proxy = ProxyServer::http_without_tunnel("HTTP/1.1 403 Forbidden\r\n\r\n").await;
        let url = format!("http://{}", proxy.address());
        for client in
            [ClientProcess::start([FEED, mode, "--proxy", &url]), with_variables(&[FEED, mode], &[("ALL_PROXY", &url)])]
        {
            let ended = client.exited().await;
            let expected = format!("the proxy {url} failed: it answered 403 Forbidden");
            assert!(ended.status == Some(1) && ended.errors.starts_with(&expected), "{mode}: {}", ended.errors);
        }
        assert_eq!(proxy.requests().len(), 2);
    }
}

#[tokio::test]
async fn the_probe_judges_a_server_behind_a_proxy() {
    let server = ScriptedServer::start().await;
    let proxy = ProxyServer::http(server.address()).await;
    let url = format!("http://{}", proxy.address());
    let client = ClientProcess::start([FEED, "--probe", "--probe-only", "unmasked-frame", "--proxy", &url]);
    let serving = async {
        let mut connection = server.accept().await;
        assert!(connection.next().await.expect("a violation").is_err());
    };
    let (_, ended) = join!(serving, client.exited());
    assert_eq!(ended.status, Some(0), "{}", ended.errors);
    assert!(ended.errors.starts_with("1 rule broken: 1 answered as the RFC requires"), "{}", ended.errors);
}

/// An option that would have no effect is an error, so that nobody relies on it.
#[tokio::test]
async fn options_that_a_test_does_not_use_are_usage_errors() {
    for mode in ["--probe", "--grade"] {
        for option in [
            &["--deflate"][..],
            &["--capture", "never.pcapng"],
            &["--trace"],
            &["--close-timeout", "1s"],
            &["--max-message", "1K"],
            &["--message-timeout", "1s"],
            &["--follow", "1"],
            &["--lesson"],
        ] {
            let ended = ClientProcess::start([&[FEED, mode], option].concat()).exited().await;
            assert_eq!(ended.status, Some(2), "{mode} {option:?}: {}", ended.errors);
        }
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_is_one_sentence() {
    for (answer, scheme, expected) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "http://",
            "the proxy http://HERE failed: it requires a user name and a password (407); write them in its URL, as in \
             http://USER:PASSWORD@HOST:PORT",
        ),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "http://user:secret@",
            "the proxy http://HERE failed: it did not accept the user name and the password (407); check them",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            "http://",
            "the proxy http://HERE failed: it answered 403 Forbidden and did not connect to the server; check the \
             URL, and whether the proxy allows this server",
        ),
        (
            "SSH-2.0-OpenSSH\x1b[31m\r\n",
            "http://",
            "the proxy http://HERE failed: its answer is not HTTP/1.1; check that it is a proxy of this kind (http://, \
             https://, socks5:// or socks5h://)",
        ),
    ] {
        let proxy = ProxyServer::http_without_tunnel(answer).await;
        assert_eq!(sentence_about(&proxy, scheme).await, expected);
    }
    let refusing = ProxyServer::socks_refusing(2).await;
    assert_eq!(
        sentence_about(&refusing, "socks5h://").await,
        "the proxy socks5h://HERE failed: it did not connect to the server: its rules do not allow the connection; check \
         the URL, and whether the proxy allows this server"
    );
    let server = ScriptedServer::start().await;
    let strict = ProxyServer::socks(server.address(), Some(("user", "right"))).await;
    assert_eq!(
        sentence_about(&strict, "socks5h://").await,
        "the proxy socks5h://HERE failed: it requires a user name and a password; write them in its URL, as in \
         http://USER:PASSWORD@HOST:PORT"
    );
    assert_eq!(
        sentence_about(&strict, "socks5h://user:secret@").await,
        "the proxy socks5h://HERE failed: it did not accept the user name and the password; check them"
    );
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_one_sentence() {
    let server = ScriptedServer::start().await;
    let address = server.address();
    drop(server);
    let ended = ClientProcess::start([FEED, "--proxy", &format!("http://user:secret@{address}")]).exited().await;
    let beginning = format!("the proxy http://{address} failed: cannot connect to it: ");
    let end = "; check its address (--no-proxy connects without a proxy)\n";
    assert!(ended.errors.starts_with(&beginning) && ended.errors.ends_with(end), "{}", ended.errors);
    assert_eq!(ended.status, Some(1));
}

#[tokio::test]
async fn a_value_that_is_no_proxy_is_one_sentence() {
    let ended = ClientProcess::start([FEED, "--proxy", "ftp://user:secret@h"]).exited().await;
    assert!(!ended.errors.contains("secret"), "{}", ended.errors);
    let sentence = "error: --proxy is invalid: the URL of a proxy begins with http://, https://, socks5:// or \
                    socks5h://\n";
    assert!(ended.errors.starts_with(sentence), "{}", ended.errors);
    assert_eq!(ended.status, Some(2));
    let ended = with_variables(&[FEED], &[("http_proxy", "ftp://user:secret@h")]).exited().await;
    ended.expect(
        1,
        "the environment variable http_proxy does not name a proxy: the URL of a proxy begins with http://, https://, \
         socks5:// or socks5h://\n",
    );
}

#[tokio::test]
async fn the_log_names_the_proxy_without_its_credentials() {
    let server = ScriptedServer::start().await;
    let proxy = ProxyServer::http(server.address()).await;
    let url = format!("http://user:secret@{}", proxy.address());
    let mut client = ClientProcess::start([FEED, "-v", "--proxy", &url]);
    client.end_input();
    let serving = async { texts(&mut server.accept().await).await };
    let (_, ended) = join!(serving, client.exited());
    let line = format!("connected to ws://feed.invalid/ through the proxy http://{}\n", proxy.address());
    assert!(ended.errors.contains(&line), "{}", ended.errors);
    assert!(!ended.errors.contains("secret"), "{}", ended.errors);
}

//! `--http2`: the client over an HTTP/2 stream, against a server built on hyper, with and without
//! TLS.

use std::{convert::Infallible, net::SocketAddr};

use hyper::{Request, Response, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::tasks::with_timeout;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    join,
    net::TcpListener,
    process::Command,
};
use websocket_hyper::{
    upgrade,
    websocket::{ServerConfig, UpgradeOptions},
};

use crate::{
    support::{CLOSED_BY_US, ClientProcess},
    tls::TlsServer,
};

/// Starts an echo server, which allows extended CONNECT if `allowed` is `true`.
async fn echo_server(allowed: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        serve(stream, allowed).await
    });
    address
}

async fn serve<S>(stream: S, allowed: bool) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http2::Builder::new(TokioExecutor::new());
    if allowed {
        http.enable_connect_protocol();
    }
    http.serve_connection(TokioIo::new(stream), service_fn(echo)).await
}

async fn echo(mut request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(match upgrade(&mut request, UpgradeOptions::default(), &ServerConfig::default()) {
        Ok((response, opening)) => {
            tokio::spawn(async move {
                let mut connection = opening.await.expect("the response is returned");
                connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
            });
            response
        }
        Err(rejection) => rejection.into_response(),
    })
}

/// Runs the client with this input. Returns its exit status, its output, and its errors.
async fn run(address: SocketAddr, input: &'static str) -> (Option<i32>, String, String) {
    let mut command = Command::new("sh");
    command.args(["-c", "printf \"$1\" | \"$0\" --http2 \"$2\"", env!("CARGO_BIN_EXE_client"), input]);
    let output = with_timeout(command.arg(format!("ws://{address}/")).output()).await.expect("the client runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn lines_are_exchanged_on_a_stream_of_http_2() {
    let address = echo_server(true).await;
    let (status, output, errors) = run(address, "one\ntwo\n").await;
    assert_eq!((status, &*output), (Some(0), "one\ntwo\n"), "{errors}");
}

#[tokio::test]
async fn a_server_without_extended_connect_is_named_in_one_sentence() {
    let address = echo_server(false).await;
    let (status, _, errors) = run(address, "").await;
    assert_eq!(status, Some(1), "{errors}");
    let sentence = "does not support WebSocket in HTTP/2 (RFC 8441): leave out --http2 to connect in HTTP/1.1\n";
    assert_eq!(errors, format!("{address} {sentence}"));
}

fn client_over_tls(server: &TlsServer) -> ClientProcess {
    ClientProcess::start(server.trusting().into_iter().chain(["--http2".into()]))
}

#[tokio::test]
async fn lines_are_exchanged_over_tls() {
    let server = TlsServer::with_protocols(&["http/1.1", "h2"]).await;
    let mut client = client_over_tls(&server);
    tokio::spawn(async move {
        let stream = server.accept_tls().await.expect("a TLS handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        serve(stream, true).await
    });
    client.write(b"one\ntwo\n").await;
    for line in ["one\n", "two\n"] {
        assert_eq!(client.line().await, line);
    }
    client.end_input();
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn over_tls_a_server_that_does_not_offer_http_2_is_named_in_one_sentence() {
    // The first server supports ALPN and rejects the handshake. The second does not support ALPN,
    // and would continue in HTTP/1.1.
    for protocols in [&["http/1.1"][..], &[]] {
        let server = TlsServer::with_protocols(protocols).await;
        let client = client_over_tls(&server);
        let (_stream, ended) = join!(server.accept_tls(), client.exited());
        let sentence = format!(
            "localhost:{} does not offer HTTP/2 inside TLS (ALPN): leave out --http2 to connect in HTTP/1.1\n",
            server.tcp.port()
        );
        ended.expect(1, &sentence);
    }
}

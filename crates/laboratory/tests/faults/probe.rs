//! Fault tests over TCP: each one ends, whatever the peer does.

use std::{io::ErrorKind, time::Duration};

use laboratory::{Evaluation, Fault, Probe, Role, Verdict, faults, serve_fault};
use protocol::handshake::ClientRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
    task::LocalSet,
    time::{Instant, timeout},
};
use websocket::{ConnectError, ServerConfig, accept, accept_with, read_request};

use testkit::fault_bytes::{self, FaultSender, check_frames, check_request, check_response, check_valid_response};

/// More time than any of these tests needs.
const LIMIT: Duration = Duration::from_secs(30);

/// Enough time for an answer over the loopback interface. A test that receives no answer waits this
/// long.
const REACTION_TIMEOUT: Duration = Duration::from_millis(400);

/// After this long without a byte, the tests conclude that the peer sends nothing more.
const SILENCE: Duration = Duration::from_secs(1);

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = listener.local_addr().expect("an address").to_string();
    (listener, host)
}

async fn probe_one(host: &str, name: &str, reaction_timeout: Duration) -> Result<Evaluation, ConnectError> {
    let fault = faults::find(Role::Client, name).expect("the table contains it");
    let request = ClientRequest::new(format!("ws://{host}/echo").parse().expect("a URI"));
    timeout(LIMIT, Probe::new(request).reaction_timeout(reaction_timeout).run(fault)).await.expect("it ends")
}

/// Probes a server that runs `serve` on its only connection, after a valid handshake.
async fn probe_open<F: Future<Output = ()>>(name: &str, serve: impl FnOnce(TcpStream) -> F) -> Evaluation {
    let (listener, host) = listener().await;
    let serving = async {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        accept(&mut tcp).await.expect("a valid handshake");
        serve(tcp).await;
    };
    let (evaluation, ()) = tokio::join!(probe_one(&host, name, REACTION_TIMEOUT), serving);
    evaluation.expect("a connection")
}

async fn drain(tcp: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match timeout(LIMIT, tcp.read_to_end(&mut bytes)).await.expect("the client leaves") {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => bytes,
    }
}

/// Runs all fault tests at the same time. The time-outs are long enough even for a busy machine.
async fn all_at_once<F: Future<Output = ()> + 'static>(role: Role, one: impl Fn(&'static Fault) -> F) {
    let tasks = LocalSet::new();
    let running: Vec<_> = faults::sent_by(role).map(|fault| tasks.spawn_local(one(fault))).collect();
    tasks.await;
    for task in running {
        task.await.expect("it passes");
    }
}

/// The server reads everything and sends nothing, so the probe waits until its time-out.
#[tokio::test]
async fn a_probe_sends_the_listed_bytes_and_nothing_else() {
    all_at_once(Role::Client, |fault| async move {
        let (listener, host) = listener().await;
        let recording = async {
            let (mut tcp, _) = listener.accept().await.expect("a connection");
            if fault.is_in_handshake() {
                let bytes = drain(&mut tcp).await;
                check_request(fault.name, &host, &bytes);
            } else {
                accept(&mut tcp).await.expect("a valid handshake");
                let bytes = drain(&mut tcp).await;
                let (rest, _) = check_frames(fault.name, FaultSender::Client, &bytes);
                assert!(rest.is_empty(), "{} is followed by {rest:02x?}", fault.name);
            }
        };
        let (evaluation, ()) = tokio::join!(probe_one(&host, fault.name, SILENCE), recording);
        assert_eq!(evaluation.expect("a connection").verdict(), Verdict::NoAnswer, "{}", fault.name);
    })
    .await;
}

#[tokio::test]
async fn a_server_on_our_own_library_reacts_to_every_fault_as_expected() {
    let (listener, host) = listener().await;
    let serving = async {
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let Ok(mut connection) = accept(tcp).await else { continue };
            while let Some(Ok(message)) = connection.next().await {
                if connection.send(message).await.is_err() {
                    break;
                }
            }
        }
    };
    let probing = async {
        for fault in faults::sent_by(Role::Client) {
            let evaluation = probe_one(&host, fault.name, LIMIT).await.expect("a connection");
            assert_eq!(evaluation.verdict(), Verdict::AsExpected, "{}: {:?}", fault.name, evaluation.observations());
        }
    };
    tokio::select! {
        () = probing => {}
        () = serving => {}
    }
}

#[tokio::test]
async fn a_server_that_tolerates_a_fault_receives_a_valid_close() {
    let evaluation = probe_open("overlong-length-16", |mut tcp| async move {
        tcp.write_all(b"\x8a\x0cstill there?").await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        let (rest, _) = check_frames("overlong-length-16", FaultSender::Client, &bytes);
        assert_eq!(rest[0], 0x88, "a Close and not {rest:02x?}");
    })
    .await;
    assert_eq!(evaluation.verdict(), Verdict::Tolerated);
}

#[tokio::test]
async fn the_probe_answers_a_close_and_waits_for_the_end_of_tcp() {
    let evaluation = probe_open("reserved-bit-2", |mut tcp| async move {
        tcp.write_all(b"\x88\x02\x03\xea").await.expect("the client is there");
        tcp.shutdown().await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        check_frames("reserved-bit-2", FaultSender::Client, &bytes);
    })
    .await;
    assert_eq!(evaluation.verdict(), Verdict::AsExpected);

    let evaluation = probe_open("reserved-bit-2", |mut tcp| async move {
        tcp.write_all(b"\x88\x02\x03\xea").await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        let (rest, _) = check_frames("reserved-bit-2", FaultSender::Client, &bytes);
        // A masked Close with the code that the server sent.
        assert!(
            matches!(rest, [0x88, 0x82, a, b, _, _, high, low] if (a ^ high, b ^ low) == (0x03, 0xea)),
            "{rest:02x?}"
        );
    })
    .await;
    assert_eq!(evaluation.verdict(), Verdict::LeftOpen);
}

#[tokio::test]
async fn a_server_that_drops_tcp_gives_no_reason() {
    let evaluation = probe_open("unmasked-frame", |tcp| async move { drop(tcp) }).await;
    assert_eq!(evaluation.verdict(), Verdict::NoReason);
    assert!(!evaluation.violates_must());
}

/// A flood of messages does not extend the time-out of a probe.
#[tokio::test]
async fn a_flood_does_not_postpone_the_time_out() {
    let begun = Instant::now();
    let evaluation = probe_open("unmasked-frame", |mut tcp| async move {
        let pushes = b"\x81\x04push".repeat(10_000);
        while timeout(LIMIT, tcp.write_all(&pushes)).await.expect("the client reads or leaves").is_ok() {}
    })
    .await;
    assert_eq!(evaluation.verdict(), Verdict::NoAnswer);
    assert!(begun.elapsed() < LIMIT / 2);
}

/// A peer that has answered the Ping can still react to the fault, but the test does not wait for
/// the whole time-out.
#[tokio::test(start_paused = true)]
async fn a_peer_that_continues_has_a_quarter_of_the_time_to_notice_the_fault() {
    let (server, mut client) = duplex(64 << 10);
    let serving = async {
        let incoming = read_request(server, &ServerConfig::default()).await.expect("a request");
        let (stream, request) = incoming.into_parts();
        let fault = faults::find(Role::Server, "reserved-bit-2").expect("the table contains it");
        serve_fault(stream, request, fault, LIMIT).await.expect("it is valid")
    };
    let continuing = async {
        client.write_all(request("example.org").as_bytes()).await.expect("the server is there");
        client.write_all(b"\x8a\x8c\x00\x00\x00\x00still there?").await.expect("the server is there");
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).await.expect("the server leaves");
    };
    let begun = Instant::now();
    let (evaluation, ()) = tokio::join!(serving, continuing);
    assert_eq!(evaluation.verdict(), Verdict::Tolerated);
    let waited = begun.elapsed();
    assert!((LIMIT / 4..LIMIT / 3).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_server_that_never_reads_does_not_postpone_the_time_out() {
    let (listener, host) = listener().await;
    // The kernel accepts the connection, but nobody reads from it.
    let evaluation = probe_one(&host, "head-too-long", REACTION_TIMEOUT).await.expect("a connection");
    assert_eq!(evaluation.verdict(), Verdict::NoAnswer);
    drop(listener);
}

#[tokio::test]
async fn a_failed_connection_is_an_error_and_not_a_verdict() {
    let (listener, host) = listener().await;
    drop(listener);
    for name in ["unmasked-frame", "key-missing"] {
        assert!(matches!(probe_one(&host, name, REACTION_TIMEOUT).await, Err(ConnectError::Tcp { .. })), "{name}");
    }

    let (listener, host) = self::listener().await;
    let refusing = async {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let mut refused = http_response();
        *refused.status_mut() = 404.try_into().expect("a status");
        let _ = accept_with(tcp, &ServerConfig::default(), |_| Err(refused)).await;
    };
    let (evaluation, ()) = tokio::join!(probe_one(&host, "unmasked-frame", REACTION_TIMEOUT), refusing);
    assert!(matches!(evaluation, Err(ConnectError::Answer(_))), "{evaluation:?}");
}

/// Returns a valid request with a key for which the answer is known.
fn request(host: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n",
        fault_bytes::KEY
    )
}

fn http_response() -> http::Response<String> {
    http::Response::new("there is nothing here\n".to_owned())
}

/// The other direction: the server sends the fault, and the client does not react.
#[tokio::test]
async fn a_faulty_server_sends_the_listed_bytes_and_nothing_else() {
    all_at_once(Role::Server, |fault| async move {
        let (listener, host) = listener().await;
        let serving = async {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let incoming = read_request(tcp, &ServerConfig::default()).await.expect("a request");
            let (tcp, request) = incoming.into_parts();
            serve_fault(tcp, request, fault, SILENCE).await.expect("it is valid")
        };
        let recording = async {
            let mut tcp = TcpStream::connect(&host).await.expect("it listens");
            tcp.write_all(request(&host).as_bytes()).await.expect("the server is there");
            let bytes = drain(&mut tcp).await;
            let rest = if fault.is_in_handshake() {
                check_response(fault.name, &bytes)
            } else {
                check_frames(fault.name, FaultSender::Server, check_valid_response(&bytes)).0
            };
            assert!(rest.is_empty(), "{} is followed by {rest:02x?}", fault.name);
        };
        let (evaluation, ()) = tokio::join!(timeout(LIMIT, serving), recording);
        assert_eq!(evaluation.expect("it ends").verdict(), Verdict::NoAnswer, "{}", fault.name);
    })
    .await;
}

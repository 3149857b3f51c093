//! Probing servers of all kinds: each experiment ends, whatever the other side does.

#[path = "common/sent.rs"]
mod sent;

use std::{io::ErrorKind, time::Duration};

use laboratory::{Experiment, Outcome, Probe, Role, Verdict, mirror, rules};
use protocol::handshake::ClientRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::LocalSet,
    time::{Instant, timeout},
};
use websocket::{ConnectError, ServerConfig, accept, accept_with, read_request};

use self::sent::{Sender, check_frames, check_request, check_response, check_right_response};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Enough for an answer on a loopback, and little enough to wait for none.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long it has to be silent before we believe that nothing more will be sent.
const SILENCE: Duration = Duration::from_secs(1);

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = listener.local_addr().expect("an address").to_string();
    (listener, host)
}

async fn probe_one(host: &str, name: &str, patience: Duration) -> Result<Outcome, ConnectError> {
    let experiment = rules::find(Role::Client, name).expect("it is in the table");
    let request = ClientRequest::new(format!("ws://{host}/echo").parse().expect("a URI"));
    timeout(LIMIT, Probe::new(request).patience(patience).run(experiment)).await.expect("it ends")
}

/// Probes a server that does `serve` with its one connection, after a right handshake.
async fn probe_open<F: Future<Output = ()>>(name: &str, serve: impl FnOnce(TcpStream) -> F) -> Outcome {
    let (listener, host) = listener().await;
    let serving = async {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        accept(&mut tcp).await.expect("a right handshake");
        serve(tcp).await;
    };
    let (outcome, ()) = tokio::join!(probe_one(&host, name, PATIENCE), serving);
    outcome.expect("a connection")
}

async fn drain(tcp: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match timeout(LIMIT, tcp.read_to_end(&mut bytes)).await.expect("the client leaves") {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => bytes,
    }
}

/// All at the same time, each with a time-out that even a busy machine keeps.
async fn all_at_once<F: Future<Output = ()> + 'static>(role: Role, one: impl Fn(&'static Experiment) -> F) {
    let tasks = LocalSet::new();
    let running: Vec<_> = rules::of(role).map(|experiment| tasks.spawn_local(one(experiment))).collect();
    tasks.await;
    for task in running {
        task.await.expect("it passes");
    }
}

/// A server that takes what comes and says nothing: the probe waits until its time is up.
#[tokio::test]
async fn on_the_wire_is_what_is_written_down_and_nothing_else() {
    all_at_once(Role::Client, |experiment| async move {
        let (listener, host) = listener().await;
        let recording = async {
            let (mut tcp, _) = listener.accept().await.expect("a connection");
            if experiment.is_in_handshake() {
                let bytes = drain(&mut tcp).await;
                check_request(experiment.name, &host, &bytes);
            } else {
                accept(&mut tcp).await.expect("a right handshake");
                let bytes = drain(&mut tcp).await;
                let (rest, _) = check_frames(experiment.name, Sender::Client, &bytes);
                assert!(rest.is_empty(), "{} is followed by {rest:02x?}", experiment.name);
            }
        };
        let (outcome, ()) = tokio::join!(probe_one(&host, experiment.name, SILENCE), recording);
        assert_eq!(outcome.expect("a connection").verdict(), Verdict::NoAnswer, "{}", experiment.name);
    })
    .await;
}

#[tokio::test]
async fn a_server_on_our_own_library_answers_every_rule_as_asked() {
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
        for experiment in rules::of(Role::Client) {
            let outcome = probe_one(&host, experiment.name, LIMIT).await.expect("a connection");
            assert_eq!(outcome.verdict(), Verdict::AsAsked, "{}: {:?}", experiment.name, outcome.seen());
        }
    };
    tokio::select! {
        () = probing => {}
        () = serving => {}
    }
}

#[tokio::test]
async fn a_server_that_goes_on_is_found_and_gets_a_right_close() {
    let outcome = probe_open("overlong-length-16", |mut tcp| async move {
        tcp.write_all(b"\x8a\x0cstill there?").await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        let (rest, _) = check_frames("overlong-length-16", Sender::Client, &bytes);
        assert_eq!(rest[0], 0x88, "a Close and not {rest:02x?}");
    })
    .await;
    assert_eq!(outcome.verdict(), Verdict::Tolerated);
}

#[tokio::test]
async fn a_close_is_answered_and_the_end_of_tcp_waited_for() {
    let outcome = probe_open("reserved-bit-2", |mut tcp| async move {
        tcp.write_all(b"\x88\x02\x03\xea").await.expect("the client is there");
        tcp.shutdown().await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        check_frames("reserved-bit-2", Sender::Client, &bytes);
    })
    .await;
    assert_eq!(outcome.verdict(), Verdict::AsAsked);

    let outcome = probe_open("reserved-bit-2", |mut tcp| async move {
        tcp.write_all(b"\x88\x02\x03\xea").await.expect("the client is there");
        let bytes = drain(&mut tcp).await;
        let (rest, _) = check_frames("reserved-bit-2", Sender::Client, &bytes);
        // A masked Close with the code that came.
        assert!(
            matches!(rest, [0x88, 0x82, a, b, _, _, high, low] if (a ^ high, b ^ low) == (0x03, 0xea)),
            "{rest:02x?}"
        );
    })
    .await;
    assert_eq!(outcome.verdict(), Verdict::LeftOpen);
}

#[tokio::test]
async fn a_server_that_drops_tcp_gives_no_reason() {
    let outcome = probe_open("unmasked-frame", |tcp| async move { drop(tcp) }).await;
    assert_eq!(outcome.verdict(), Verdict::NoReason);
    assert!(!outcome.breaks_a_must());
}

/// Neither a flood of pushes nor a server that never reads keeps a probe from its end.
#[tokio::test]
async fn a_flood_ends_with_the_patience() {
    let begun = Instant::now();
    let outcome = probe_open("unmasked-frame", |mut tcp| async move {
        let pushes = b"\x81\x04push".repeat(10_000);
        while timeout(LIMIT, tcp.write_all(&pushes)).await.expect("the client reads or leaves").is_ok() {}
    })
    .await;
    assert_eq!(outcome.verdict(), Verdict::NoAnswer);
    assert!(begun.elapsed() < LIMIT / 2);
}

#[tokio::test]
async fn a_server_that_never_reads_is_left_in_time() {
    let (listener, host) = listener().await;
    // The kernel takes the connection; nobody takes a byte of it.
    let outcome = probe_one(&host, "head-too-long", PATIENCE).await.expect("a connection");
    assert_eq!(outcome.verdict(), Verdict::NoAnswer);
    drop(listener);
}

#[tokio::test]
async fn without_a_connection_there_is_an_error_and_no_verdict() {
    let (listener, host) = listener().await;
    drop(listener);
    for name in ["unmasked-frame", "key-missing"] {
        assert!(matches!(probe_one(&host, name, PATIENCE).await, Err(ConnectError::Tcp { .. })), "{name}");
    }

    let (listener, host) = self::listener().await;
    let refusing = async {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let mut refused = http_response();
        *refused.status_mut() = 404.try_into().expect("a status");
        let _ = accept_with(tcp, &ServerConfig::default(), |_, _| Err(refused)).await;
    };
    let (outcome, ()) = tokio::join!(probe_one(&host, "unmasked-frame", PATIENCE), refusing);
    assert!(matches!(outcome, Err(ConnectError::Answer(_))), "{outcome:?}");
}

fn http_response() -> http::Response<String> {
    http::Response::new("there is nothing here\n".to_owned())
}

/// The other direction: what a server sends, and what is made of a client that does nothing.
#[tokio::test]
async fn what_a_server_breaks_is_on_the_wire_as_written_down() {
    all_at_once(Role::Server, |experiment| async move {
        let (listener, host) = listener().await;
        let serving = async {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let incoming = read_request(tcp, &ServerConfig::default()).await.expect("a request");
            let (tcp, request) = incoming.into_parts();
            let upgrade = request.check_upgrade().expect("it is right");
            mirror(tcp, request, upgrade, experiment, SILENCE).await.expect("it is right")
        };
        let recording = async {
            let mut tcp = TcpStream::connect(&host).await.expect("it listens");
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n\
                 Sec-WebSocket-Version: 13\r\n\r\n",
                sent::KEY
            );
            tcp.write_all(request.as_bytes()).await.expect("the server is there");
            let bytes = drain(&mut tcp).await;
            let rest = if experiment.is_in_handshake() {
                check_response(experiment.name, &bytes)
            } else {
                check_frames(experiment.name, Sender::Server, check_right_response(&bytes)).0
            };
            assert!(rest.is_empty(), "{} is followed by {rest:02x?}", experiment.name);
        };
        let (outcome, ()) = tokio::join!(timeout(LIMIT, serving), recording);
        assert_eq!(outcome.expect("it ends").verdict(), Verdict::NoAnswer, "{}", experiment.name);
    })
    .await;
}

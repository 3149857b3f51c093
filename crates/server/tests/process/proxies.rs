//! `--trust-proxy` and `--proxy-protocol`: which address the log names if there is a proxy between
//! the client and the server.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::{
    support::{
        Server,
        client::{Client, ReceivedItem},
        command,
        frames::text,
        http::{Request, open, read_response},
    },
    tls::Certificate,
};

/// Opens a connection to `/echo` with these additional header lines.
fn connect(server: &Server, lines: &[(&str, &str)]) -> Client {
    let request =
        lines.iter().fold(Request::upgrade(server, "/echo"), |request, (name, value)| request.and(name, value));
    Client::connect_with(server, &request.bytes())
}

/// Opens a connection to `/echo`, with these bytes before the request, and checks that a text is
/// echoed.
fn connect_after(server: &Server, header: &[u8]) -> Client {
    let request = Request::upgrade(server, "/echo").bytes();
    let mut client = Client::connect_with(server, &[header, &request, &text("hi")].concat());
    assert_eq!(client.receive(), ReceivedItem::Text("hi".to_owned()));
    client
}

/// Sends bytes that must not be answered, and waits for the end of the connection.
fn expect_no_answer(server: &Server, bytes: &[u8]) {
    let mut stream = open(server);
    stream.write_all(bytes).expect("the server is there");
    let mut answer = Vec::new();
    // The connection may be reset, because the server has not read everything.
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"");
}

const VERSION_1: &[u8] = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n";
const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xc0\x00\x02\x01\x12\x67\x01\xbb";

#[test]
fn a_trusted_proxy_tells_who_the_client_is() {
    let server = Server::start(&["--trust-proxy", "127.0.0.0/8,10.0.0.0/8"]);
    let client = connect(&server, &[("X-Forwarded-For", "192.0.2.1, 203.0.113.7, 10.1.2.3")]);
    server.wait_for_log(&["203.0.113.7 via 127.0.0.1:", " connected to /echo"]);
    client.close(1000);
    server.wait_for_log(&["203.0.113.7 via 127.0.0.1:", " closed: 1000"]);
    connect(&server, &[("Forwarded", "for=\"[2001:db8::7]:4711\";proto=https")]).close(1000);
    server.wait_for_log(&["2001:db8::7 via 127.0.0.1:", " connected to /echo"]);
    // A rejected request is also logged under the client's address.
    let request = Request::upgrade(&server, "/nothing").and("X-Forwarded-For", "203.0.113.8");
    let mut stream = open(&server);
    stream.write_all(&request.bytes()).expect("the server is there");
    assert_eq!(read_response(stream).status, 404);
    server.wait_for_log(&["203.0.113.8 via 127.0.0.1:", " rejected on /nothing with 404"]);
}

#[test]
fn nobody_else_does() {
    for options in [&[][..], &["--trust-proxy", "10.0.0.0/8,unix"]] {
        let server = Server::start(options);
        connect(&server, &[("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7")]).close(1000);
        let line = server.wait_for_log(&[" connected to /echo"]);
        assert!(!line.contains("203.0.113.7"), "{line}");
    }
}

/// A page from an attacker reaches this server under the attacker's host name, and a proxy's header
/// fields must not hide that.
#[test]
fn a_forwarded_host_and_origin_open_nothing() {
    let server = Server::start(&["--trust-proxy", "127.0.0.1"]);
    for (name, value) in [("X-Forwarded-Host", "localhost"), ("Forwarded", "for=127.0.0.1;host=localhost;proto=http")] {
        let foreign = Request::upgrade(&server, "/echo").with("Host", "evil.example").and(name, value);
        let mut stream = open(&server);
        stream.write_all(&foreign.bytes()).expect("the server is there");
        assert_eq!(read_response(stream).status, 421, "{name}");
    }
}

#[test]
fn the_proxy_protocol_tells_who_the_client_is() {
    let server = Server::start(&["--proxy-protocol"]);
    for header in [VERSION_1, VERSION_2] {
        connect_after(&server, header).close(1000);
    }
    let is_told =
        |line: &&String| line.contains("203.0.113.7:4711 via 127.0.0.1:") && line.contains("connected to /echo");
    server.wait_for_log(&["203.0.113.7:4711 via 127.0.0.1:", " connected to /echo"]);
    // The proxy itself connects, for example for a health check.
    connect_after(&server, b"PROXY UNKNOWN\r\n").close(1000);
    let (_, log) = server.stop();
    assert_eq!(log.iter().filter(is_told).count(), 2, "{log:?}");
    assert_eq!(log.iter().filter(|line| line.contains("connected to /echo")).count(), 3, "{log:?}");
}

#[test]
fn both_ways_to_tell_an_address_work_together() {
    // A load balancer on this machine reports the address of a proxy, and the proxy reports the
    // address of its client.
    let server = Server::start(&["--proxy-protocol", "--trust-proxy", "127.0.0.1,203.0.113.7"]);
    let request = Request::upgrade(&server, "/echo").and("X-Forwarded-For", "198.51.100.1").bytes();
    Client::connect_with(&server, &[VERSION_1, &request].concat()).close(1000);
    server.wait_for_log(&["198.51.100.1 via 203.0.113.7:4711 via 127.0.0.1:", " connected to /echo"]);
}

#[test]
fn a_connection_without_the_header_is_closed_without_an_answer() {
    let server = Server::start(&["--proxy-protocol"]);
    let request = Request::upgrade(&server, "/echo").bytes();
    expect_no_answer(&server, &request);
    server.wait_for_log(&["not accepted: the connection does not begin with a PROXY header"]);
    let too_long = [&b"PROXY TCP4 "[..], &[b'1'; 8 << 10]].concat();
    expect_no_answer(&server, &too_long);
    connect_after(&server, VERSION_1).close(1000);
}

#[test]
fn a_header_of_a_proxy_that_is_not_trusted_is_not_read() {
    let server = Server::start(&["--proxy-protocol", "--trust-proxy", "10.0.0.1"]);
    expect_no_answer(&server, VERSION_1);
    server.wait_for_log(&["not accepted: --trust-proxy does not list it"]);
}

#[test]
fn a_header_has_a_time_limit() {
    let server = Server::start(&["--proxy-protocol", "--handshake-timeout", "100ms"]);
    let began = Instant::now();
    expect_no_answer(&server, &VERSION_1[..20]);
    assert!(began.elapsed() >= Duration::from_millis(90), "{:?}", began.elapsed());
    server.wait_for_log(&["not accepted: its PROXY header did not arrive in time"]);
}

/// The PROXY header and the TLS handshake share one time limit. The second connection opens a
/// second later and sends its header at once, so its limit ends a second later. If the TLS
/// handshake had a separate limit, the first connection would end last.
#[test]
fn the_time_of_the_header_counts_as_time_of_the_tls_handshake() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--proxy-protocol", "--handshake-timeout", "3s"]);
    let mut slow = open(&server);
    thread::sleep(Duration::from_secs(1));
    let mut later = open(&server);
    later.write_all(VERSION_1).expect("the server is there");
    thread::sleep(Duration::from_millis(1_500));
    slow.write_all(VERSION_1).expect("the server is there");
    // Neither connection sends a byte of TLS.
    let ended = |mut stream: TcpStream| {
        thread::spawn(move || {
            let _ = stream.read(&mut [0]);
            Instant::now()
        })
    };
    let (slow, later) = (ended(slow), ended(later));
    let (slow, later) = (slow.join().expect("an end"), later.join().expect("an end"));
    assert!(slow < later, "the slow connection ended {:?} too late", slow - later);
}

#[test]
fn a_client_beyond_the_limit_gets_503_behind_a_proxy_too() {
    let server = Server::start(&["--proxy-protocol", "--max-connections", "1"]);
    let first = connect_after(&server, VERSION_1);
    let mut stream = open(&server);
    stream.write_all(&[VERSION_2, &Request::upgrade(&server, "/echo").bytes()].concat()).expect("the server is there");
    assert_eq!(read_response(stream).status, 503);
    first.close(1000);
}

#[test]
fn a_mistake_in_a_trusted_proxy_is_reported_at_the_start() {
    for mistake in ["localhost", "10.0.0.0/33", ""] {
        let output = command(&["--trust-proxy", mistake]).output().expect("the server starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("a network such as 10.0.0.0/8"), "{errors}");
    }
}

//! Plain HTTP responses: the page, and the rejections of requests that do not get a WebSocket.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use crate::support::{
    PATIENCE, Server,
    client::Client,
    command, eventually,
    http::{Request, Response, exchange, open, read_response},
};
use dissector::{RecordPart, render::palette};

// ---- The page -----------------------------------------------------------------------------------

#[test]
fn a_browser_gets_the_page() {
    let server = Server::start(&[]);
    let page = exchange(&server, &Request::get(&server, "/").bytes());
    assert_eq!(page.status, 200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("Content-Length"), Some(page.body.len().to_string().as_str()));
    assert_eq!(page.header("Connection"), Some("close"));
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(page.header("Referrer-Policy"), Some("no-referrer"));
    assert!(page.body.starts_with("<!doctype html>") && page.body.trim_end().ends_with("</html>"));
    // The page has an element for each value of a push.
    for key in ["sequence", "uptime_seconds", "clients", "messages_received", "last_text", "rss_bytes"] {
        assert!(page.body.contains(&format!("id=\"{key}\"")), "{key}");
    }
    // Neither a query nor a browser's other header fields change the response.
    let request = Request::get(&server, "/?from=a-bookmark").and("Accept", "text/html").and("Connection", "keep-alive");
    assert_eq!(exchange(&server, &request.bytes()).status, 200);
}

#[test]
fn the_page_has_the_colours_of_the_dissector() {
    let server = Server::start(&[]);
    let page = exchange(&server, &Request::get(&server, "/page/page.css").bytes()).body;
    for (name, part) in [
        ("fin", RecordPart::Fin),
        ("reserved", RecordPart::Reserved),
        ("opcode", RecordPart::Opcode),
        ("mask", RecordPart::Mask),
        ("length", RecordPart::Length),
        ("payload", RecordPart::Payload),
    ] {
        let colour = format!("--{name}: {}", palette::of(part).hex());
        assert_eq!(page.matches(&colour).count(), 1, "{colour}");
    }
    assert!(page.contains(&format!("--ink: {}", palette::INK.hex())));
}

#[test]
fn the_page_runs_only_what_is_in_it() {
    let server = Server::start(&[]);
    let pages = [(); 2].map(|()| exchange(&server, &Request::get(&server, "/").bytes()));
    let nonces = pages.each_ref().map(|page| {
        let policy = page.header("Content-Security-Policy").expect("there is a policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("-inline"), "{policy}");
        assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("require-trusted-types-for 'script'; trusted-types 'none'"), "{policy}");
        let (_, rest) = policy.split_once("script-src 'nonce-").expect("scripts need a nonce");
        let (nonce, _) = rest.split_once('\'').unwrap();
        assert!(nonce.len() >= 22, "128 bits at least: {nonce}");
        assert!(policy.contains(&format!("style-src 'nonce-{nonce}'")), "{policy}");
        assert_eq!(page.body.matches("<script").count(), 1);
        assert!(page.body.contains(&format!("<script type=\"module\" nonce=\"{nonce}\" src=\"page/main.js\">")));
        assert_eq!(page.body.matches("<style").count(), 0);
        assert!(page.body.contains(&format!("<link rel=\"stylesheet\" nonce=\"{nonce}\" href=\"page/page.css\">")));
        // The policy would block these two.
        assert!(!page.body.contains(" style=") && !page.body.contains(" onclick="));
        nonce
    });
    assert_ne!(nonces[0], nonces[1], "a nonce is used once");
}

#[test]
fn the_files_of_the_page_are_served() {
    let server = Server::start(&[]);
    let mut wanted = vec!["page.css".to_owned(), "main.js".to_owned()];
    let mut seen = Vec::new();
    // Follow the imports.
    while let Some(name) = wanted.pop() {
        let file = exchange(&server, &Request::get(&server, &format!("/page/{name}")).bytes());
        assert_eq!(file.status, 200, "{name}");
        let expected =
            if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(file.header("Content-Type"), Some(expected), "{name}");
        assert_eq!(file.header("Cache-Control"), Some("no-store"), "{name}");
        assert_eq!(file.header("X-Content-Type-Options"), Some("nosniff"), "{name}");
        let imports = file.body.lines().filter_map(|line| line.split_once(" from \"./")?.1.strip_suffix("\";"));
        let new: Vec<_> =
            imports.map(str::to_owned).filter(|name| !seen.contains(name) && !wanted.contains(name)).collect();
        seen.push(name);
        wanted.extend(new.into_iter().filter(|name| !seen.contains(name)));
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
    assert_eq!(exchange(&server, &Request::get(&server, "/page/").bytes()).status, 404);
    assert_eq!(exchange(&server, &Request::get(&server, "/page/../main.js").bytes()).status, 404);
}

#[test]
fn every_rule_can_be_chosen_on_the_page() {
    let server = Server::start(&[]);
    let page = exchange(&server, &Request::get(&server, "/").bytes()).body;
    let list = exchange(&server, &Request::get(&server, "/break/").bytes()).body;
    let rules: Vec<_> =
        list.lines().filter_map(|line| line.strip_prefix("/break/")?.split_whitespace().next()).collect();
    assert!(rules.len() > 50, "{rules:?}");
    for rule in rules {
        assert!(page.contains(&format!("<option value=\"break/{rule}\"")), "{rule}");
    }
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# If the resource name matches no available service, the server MUST return an HTTP error, such as
//# 404, and abort the handshake.
#[test]
fn other_paths_are_not_found() {
    let server = Server::start(&[]);
    for path in ["/nothing", "/echo/", "/favicon.ico", "/ECHO", "//", "/%2e", "/page.html"] {
        let response = exchange(&server, &Request::get(&server, path).bytes());
        assert_eq!(response.status, 404, "{path}");
        assert!(response.body.contains("/echo"), "the response lists the paths: {}", response.body);
        // There is no WebSocket either.
        assert_eq!(exchange(&server, &Request::upgrade(&server, path).bytes()).status, 404, "{path}");
    }
    server.wait_for_log(&["rejected on /nothing with 404"]);
}

#[test]
fn methods_other_than_get_are_not_allowed() {
    let server = Server::start(&[]);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        for path in ["/", "/echo", "/nothing"] {
            let request = Request::get(&server, path).line(&format!("{method} {path} HTTP/1.1"));
            let response = exchange(&server, &request.bytes());
            assert_eq!((response.status, response.header("Allow")), (405, Some("GET, HEAD")), "{method} {path}");
            assert!(response.body.contains(method), "{}", response.body);
        }
    }
    let with_body = Request::get(&server, "/").line("POST / HTTP/1.1").and("Content-Length", "5").to_string() + "hello";
    assert_eq!(exchange(&server, with_body.as_bytes()).status, 405);
}

/// RFC 9110, 9.3.2: the response to HEAD is the head of the response to GET.
#[test]
fn the_response_to_head_is_the_one_to_get_without_its_body() {
    let server = Server::start(&[]);
    for (path, status) in [
        ("/", 200),
        ("/?wire=0", 200),
        ("/page/main.js", 200),
        ("/echo", 426),
        ("/chat", 426),
        ("/break/", 404),
        ("/break/masked-frame", 426),
        ("/wire", 426),
        ("/nothing", 404),
    ] {
        let get = Request::get(&server, path);
        let to_get = exchange(&server, &get.bytes());
        let head = get.clone().line(&format!("HEAD {path} HTTP/1.1"));
        // A HEAD request never asks for a WebSocket, whatever its header fields say.
        let upgrade = Request::upgrade(&server, path).line(&format!("HEAD {path} HTTP/1.1"));
        for request in [head, upgrade] {
            let to_head = exchange(&server, &request.bytes());
            assert_eq!((to_get.status, to_head.status), (status, status), "{path}");
            assert!(!to_get.body.is_empty() && to_head.body.is_empty(), "{path}: {}", to_head.body);
            for name in ["Content-Length", "Content-Type", "Upgrade", "Sec-WebSocket-Version"] {
                assert_eq!(to_get.header(name), to_head.header(name), "{name} of {path}");
            }
        }
    }
}

/// An upload is answered too. If the server closed the socket at once, the kernel would answer the
/// unread body with a reset, which could destroy the response. The larger body does not fit into
/// the kernel's buffers, so the client would certainly notice a reset.
#[test]
fn a_rejection_of_an_upload_arrives() {
    let server = Server::start(&[]);
    for size in [1_000_000, 7_000_000] {
        for (method, path, status) in [("POST", "/", 405), ("GET", "/", 200), ("GET", "/nothing", 404)] {
            let head = Request::get(&server, path)
                .line(&format!("{method} {path} HTTP/1.1"))
                .and("Content-Length", &size.to_string());
            let request = [head.bytes(), vec![b'x'; size]].concat();
            assert_eq!(exchange(&server, &request).status, status, "{method} {path}, {size} bytes");
        }
    }
}

#[test]
fn plain_http_on_a_websocket_path_is_told_to_upgrade() {
    let server = Server::start(&[]);
    for path in ["/echo", "/chat"] {
        let response = exchange(&server, &Request::get(&server, path).bytes());
        assert_eq!(response.status, 426);
        assert_eq!(response.header("Upgrade"), Some("websocket"));
        assert_eq!(response.header("Connection"), Some("Upgrade, close"));
        assert_eq!(response.header("Sec-WebSocket-Version"), Some("13"));
    }
}

// ---- Origin (section 10.2) ----------------------------------------------------------------------

fn status_for_origins(server: &Server, path: &str, origins: &[&str]) -> u16 {
    let plain = Request::upgrade(server, path);
    let plain = if path == "/chat" { plain.and("Sec-WebSocket-Protocol", "chat") } else { plain };
    let request = origins.iter().fold(plain, |request, origin| request.and("Origin", origin));
    status_of_upgrade(server, &request)
}

fn status_of_upgrade(server: &Server, request: &Request) -> u16 {
    let mut stream = open(server);
    stream.write_all(&request.bytes()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("there is a response");
    let first = String::from_utf8(first.to_vec()).unwrap();
    first.strip_prefix("HTTP/1.1 ").and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{first}"))
}

//= docs/src/rfc6455.md#section-10-2
//= type=test
//# A server that is intended only for certain sites SHOULD check that `Origin` is one that it
//# expects.
//= docs/src/rfc6455.md#section-10-2
//= type=test
//# If the origin is not acceptable, the server SHOULD respond with the status 403.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The server MAY use the origin of the page to decide whether to accept the connection.
#[test]
fn the_page_of_this_very_host_may_connect_and_no_other() {
    let server = Server::start(&[]);
    let host = server.address().to_string();
    for path in ["/", "/echo", "/chat"] {
        assert_eq!(status_for_origins(&server, path, &[]), 101, "a client that is no browser sends none");
        assert_eq!(status_for_origins(&server, path, &[&format!("http://{host}")]), 101);
        for foreign in [
            &*format!("https://{host}"),
            "http://example.org",
            "http://127.0.0.1",
            "http://127.0.0.1:1",
            &format!("http://{host}.example.org"),
            &format!("http://{host}/"),
            &format!("http://x@{host}"),
            &format!("ftp://{host}"),
            &host,
            "null",
            "*",
            "",
        ] {
            assert_eq!(status_for_origins(&server, path, &[foreign]), 403, "{foreign:?} on {path}");
        }
        // There are two `Origin` lines. A server that checks one of them and trusts the other would
        // be deceived.
        assert_eq!(status_for_origins(&server, path, &[&format!("http://{host}"), "http://example.org"]), 403);
        assert_eq!(status_for_origins(&server, path, &[&*format!("http://{host}"); 2]), 403);
    }
    server.wait_for_log(&["rejected on /echo with 403", "http://example.org"]);
}

/// The requests look as if a proxy had forwarded them. The server listens on a loopback address, so
/// its public name must be allowed.
#[test]
fn an_origin_is_compared_by_scheme_host_and_port() {
    let server = Server::start(&["--allow-host", "example.org"]);
    let status = |host: &str, proto: Option<&str>, origin: &str| {
        let request = Request::upgrade(&server, "/echo").with("Host", host).and("Origin", origin);
        status_of_upgrade(&server, &proto.map_or(request.clone(), |proto| request.and("X-Forwarded-Proto", proto)))
    };
    for (host, proto, origin) in [
        ("example.org:80", None, "http://example.org"),
        ("Example.org", None, "http://eXample.org"),
        ("example.org:443", None, "https://example.org"),
        ("example.org", Some("https"), "https://example.org"),
        ("example.org:8443", Some("https"), "https://example.org:8443"),
        ("[::1]:8080", None, "http://[0:0::1]:8080"),
        ("localhost.:8080", None, "http://localhost.:8080"),
    ] {
        assert_eq!(status(host, proto, origin), 101, "{host}, {proto:?}, {origin}");
    }
    for (host, proto, origin) in [
        ("example.org", None, "https://example.org"),
        ("example.org", Some("https"), "http://example.org"),
        ("example.org:80", None, "http://example.org:8080"),
        ("example.org", None, "http://example.org."),
        ("localhost:8080", None, "null"),
    ] {
        assert_eq!(status(host, proto, origin), 403, "{host}, {proto:?}, {origin}");
    }
    server.wait_for_log(&["403", "'https://example.org'", "--allow-origin", "X-Forwarded-Proto"]);
}

#[test]
fn a_mistake_in_an_allowed_host_or_origin_is_reported_at_the_start() {
    for (option, mistake, sentence) in [
        ("--allow-origin", "example.org", "an origin is a scheme, a host and perhaps a port"),
        ("--allow-origin", "https://example.org/", "without a path"),
        ("--allow-host", "https://example.org", "a host is a name or an IP address"),
        ("--allow-host", "example.org:443", "without a scheme or a port"),
    ] {
        let output = command(&[option, mistake]).output().expect("the server starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(sentence), "{errors}");
    }
}

// ---- Host: DNS rebinding ------------------------------------------------------------------------

/// Returns requests of all kinds, which the server answers in different ways if they are addressed
/// to it.
fn requests(server: &Server) -> Vec<Request> {
    let mut requests = Vec::new();
    for path in ["/", "/page/main.js", "/echo?wire=0", "/chat", "/break/", "/break/masked-frame", "/wire", "/nothing"] {
        requests.push(Request::get(server, path));
        requests.push(Request::get(server, path).line(&format!("HEAD {path} HTTP/1.1")));
        requests.push(Request::get(server, path).line(&format!("POST {path} HTTP/1.1")));
        requests.push(Request::upgrade(server, path).and("Sec-WebSocket-Protocol", "chat"));
    }
    requests
}

/// The attacker's page has a host name that now resolves to 127.0.0.1, so `Host` and `Origin`
/// agree.
#[test]
fn a_foreign_host_gets_421_on_every_path() {
    let server = Server::start(&[]);
    let port = server.address().port();
    for request in requests(&server) {
        let foreign = format!("evil.example:{port}");
        let request = request.with("Host", &foreign).and("Origin", &format!("http://{foreign}"));
        let response = exchange(&server, &request.bytes());
        assert_eq!(response.status, 421, "{request}");
        let is_head = request.to_string().starts_with("HEAD");
        assert!(is_head || response.body.contains("--allow-host evil.example"), "{}", response.body);
        assert!(response.body.lines().count() <= 1, "nothing else is told: {}", response.body);
    }
    server.wait_for_log(&["rejected on /echo with 421", "evil.example"]);
}

#[test]
fn a_server_on_loopback_serves_loopback_names_only() {
    let server = Server::start(&["--allow-host", "Example.org", "--allow-host", "10.0.0.1"]);
    let port = server.address().port();
    let status = |host: &str| exchange(&server, &Request::get(&server, "/").with("Host", host).bytes()).status;
    for host in
        ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "example.org", "10.0.0.1"]
    {
        // A tunnel or a container may have changed the port.
        for host in [host.to_owned(), format!("{host}:{port}"), format!("{host}:1")] {
            assert_eq!(status(&host), 200, "{host}");
        }
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "sub.example.org",
        "192.168.1.2",
        "0.0.0.0",
        "[2001:db8::1]",
        "null",
    ] {
        assert_eq!(status(host), 421, "{host}");
    }
    let any = Server::start(&["--allow-host", "*"]);
    assert_eq!(exchange(&any, &Request::get(&any, "/").with("Host", "any.example").bytes()).status, 200);
}

/// An IP address needs no DNS, so it cannot be rebound.
#[test]
fn a_server_on_all_addresses_serves_addresses_but_no_foreign_name() {
    let server = Server::start(&["--listen", "0.0.0.0:0"]);
    for (host, status) in [("192.168.1.2:8080", 200), ("localhost", 200), ("evil.example", 421)] {
        let request = Request::get(&server, "/").with("Host", host);
        assert_eq!(exchange(&server, &request.bytes()).status, status, "{host}");
    }
}

/// RFC 9112, 3.2.2: the target takes precedence over `Host`. Otherwise, `Host: localhost` would let
/// in a request whose target names a foreign host.
#[test]
fn the_host_of_an_absolute_target_is_checked_and_not_the_header() {
    let server = Server::start(&[]);
    let own = server.address();
    for (target, host, status) in [
        ("http://evil.example/", own.to_string(), 421),
        (&*format!("http://{own}/"), "evil.example".to_owned(), 200),
        (&*format!("http://user@{own}/"), own.to_string(), 400),
        ("ftp://localhost/", own.to_string(), 400),
    ] {
        let request = Request::get(&server, "/").line(&format!("GET {target} HTTP/1.1")).with("Host", &host);
        assert_eq!(exchange(&server, &request.bytes()).status, status, "{request}");
    }
}

/// RFC 9112, 3.2, requires this of every request, whatever its path and method.
#[test]
fn every_request_has_exactly_one_valid_host() {
    let server = Server::start(&[]);
    for request in requests(&server) {
        let own = server.address().to_string();
        for request in [
            request.clone().without("Host"),
            request.clone().and("Host", &own),
            request.clone().and("host", "evil.example"),
            request.clone().with("Host", ""),
            request.clone().with("Host", "localhost localhost"),
            request.clone().with("Host", "localhost, evil.example"),
            request.clone().with("Host", "user@localhost"),
            request.clone().with("Host", "localhost:65536"),
        ] {
            assert_eq!(exchange(&server, &request.bytes()).status, 400, "{request}");
        }
    }
    // An HTTP/1.0 request may omit `Host`.
    let old = Request::new("GET / HTTP/1.0", &[]);
    assert_eq!(exchange(&server, &old.bytes()).status, 200);
}

#[test]
fn allowed_origins_may_connect_too() {
    let server = Server::start(&["--allow-origin", "https://example.org", "--allow-origin", "http://a.test:3000"]);
    let own = format!("http://{}", server.address());
    for origin in ["https://example.org", "HTTPS://Example.org", "http://a.test:3000", &own] {
        assert_eq!(status_for_origins(&server, "/", &[origin]), 101, "{origin}");
    }
    for origin in ["http://example.org", "https://example.org:8443", "https://sub.example.org", "http://a.test", "null"]
    {
        assert_eq!(status_for_origins(&server, "/", &[origin]), 403, "{origin}");
    }
}

#[test]
fn a_star_allows_any_origin() {
    let server = Server::start(&["--allow-origin", "*"]);
    for origin in ["https://example.org", "null", "http://127.0.0.1:1"] {
        assert_eq!(status_for_origins(&server, "/", &[origin]), 101, "{origin}");
    }
}

/// Any site may link to the page, because only the WebSocket needs protection.
#[test]
fn the_page_is_for_everybody() {
    let server = Server::start(&[]);
    let request = Request::get(&server, "/").and("Origin", "https://example.org");
    assert_eq!(exchange(&server, &request.bytes()).status, 200);
}

// ---- Limits -------------------------------------------------------------------------------------

#[test]
fn clients_over_the_connection_limit_get_503_until_one_leaves() {
    let server = Server::start(&["--max-connections", "2"]);
    let [mut stays, leaves] = [(); 2].map(|()| Client::connect(&server, "/echo"));
    for request in [Request::upgrade(&server, "/echo"), Request::get(&server, "/")] {
        let response = exchange(&server, &request.bytes());
        assert_eq!((response.status, response.header("Retry-After")), (503, Some("5")));
    }
    server.wait_for_log(&["the limit of 2 connections is reached"]);
    stays.echo("not my problem");
    leaves.close(1000);
    eventually("a connection is accepted again", || status_for_origins(&server, "/echo", &[]) == 101);
}

#[test]
fn a_request_that_does_not_become_complete_gets_408() {
    let server = Server::start(&["--handshake-timeout", "300ms"]);
    let whole = Request::upgrade(&server, "/echo").to_string();
    let without_end = whole.strip_suffix("\r\n").unwrap();
    for start in ["", "GET /echo HT", without_end] {
        let mut stream = open(&server);
        stream.write_all(start.as_bytes()).unwrap();
        let response = read_response(stream);
        assert_eq!(response.status, 408, "after {start:?}");
    }
    server.wait_for_log(&["not accepted", "took too long for the handshake"]);
}

/// The deadline applies to the whole request. Otherwise, a client could keep its connection open
/// forever by sending a byte now and then.
#[test]
fn trickling_does_not_gain_time() {
    let server = Server::start(&["--handshake-timeout", "300ms"]);
    let start = Instant::now();
    let mut stream = open(&server);
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut response = Vec::new();
    for byte in Request::get(&server, "/").and("X-Padding", &"x".repeat(10_000)).bytes() {
        // The server may stop reading once it has answered.
        let _ = stream.write_all(&[byte]);
        match stream.read_to_end(&mut response) {
            Ok(_) => break,
            Err(_) => assert!(start.elapsed() < PATIENCE, "no end after {:?}", start.elapsed()),
        }
    }
    assert!(response.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&response));
}

/// A client that sends a request and then neither reads nor closes can keep its connection only for
/// a short time.
#[test]
fn a_client_that_never_closes_after_a_response_is_dropped() {
    let server = Server::start(&["--max-connections", "1"]);
    let mut lingering = open(&server);
    lingering.write_all(&Request::get(&server, "/").bytes()).unwrap();
    eventually("a connection is accepted again", || status_for_origins(&server, "/echo", &[]) == 101);
}

// ---- Input that is not a request ----------------------------------------------------------------

/// The server rejects each of these inputs as soon as it arrives, without waiting for the time
/// limit.
#[test]
fn other_protocols_are_refused_at_once() {
    let server = Server::start(&["--handshake-timeout", "10m"]);
    let client_hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x4f, 0x9a];
    let others: [&[u8]; 5] = [
        &client_hello,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        b"\0",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
    ];
    for bytes in others {
        let response = exchange(&server, bytes);
        assert_eq!(response.status, 400, "{}", bytes.escape_ascii());
        assert!(response.body.contains("not an HTTP/1.1 head"), "{}", response.body);
    }
    server.wait_for_log(&["not an HTTP/1.1 head", "RFC 6455, section 4.2.1"]);
    Client::connect(&server, "/echo").echo("all is well");
}

#[test]
fn a_client_that_leaves_before_its_request_is_logged() {
    let server = Server::start(&[]);
    let mut stream = open(&server);
    let own = stream.local_addr().unwrap().to_string();
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    drop(stream);
    server.wait_for_log(&[&own, "left before its request was complete"]);
}

/// The server prints parts of a request, so they must not control the terminal.
#[test]
fn a_log_line_contains_no_control_characters_from_a_client() {
    let server = Server::start(&["-v"]);
    let host = server.address().to_string();
    let nasty: [&[u8]; 3] = [
        b"GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xc2\x9b31m\xe2\x80\xae HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    for bytes in nasty {
        let Response { status, .. } = exchange(&server, bytes);
        assert!([400, 404].contains(&status), "{status}");
    }
    let header = Request::upgrade(&server, "/echo").and("Origin", "http://\u{9b}31m\u{7f}");
    let subprotocol = Request::upgrade(&server, "/echo").and("Sec-WebSocket-Protocol", "\u{9b}31m");
    let version = Request::upgrade(&server, "/echo").with("Sec-WebSocket-Version", "\u{9b}31m");
    for request in [header, subprotocol, version] {
        assert!(exchange(&server, &request.bytes()).status >= 400);
    }
    assert_eq!(exchange(&server, &Request::get(&server, "/last").bytes()).status, 404);
    server.wait_for_log(&["/last"]);
    for line in server.log() {
        assert!(!line.chars().any(char::is_control), "{line:?} ({host})");
    }
}

//! How the server ends, and the mistakes that keep it from starting.

#![cfg_attr(not(unix), allow(unused_imports, reason = "the tests that send a signal need them"))]

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    command, eventually, exit_code,
    frames::{FIN, PING, close, frame, text},
    http::{Request, exchange, open},
};

// ---- The end ------------------------------------------------------------------------------------

#[cfg(unix)]
#[test]
fn every_client_gets_1001_and_the_server_ends() {
    for signal in ["TERM", "INT"] {
        // If all clients answer, the server does not wait for the deadline.
        let mut server = Server::start(&["--interval", "10ms", "--close-timeout", "10m"]);
        let mut clients: Vec<_> =
            ["/", "/", "/echo", "/chat", "/chat"].map(|path| Client::connect(&server, path)).into();
        for client in &mut clients {
            client.ping();
        }
        server.signal(signal);
        for client in &mut clients {
            let received = client.receive_until_not_text();
            let reason = "the server is shutting down".to_owned();
            assert_eq!(received, ReceivedItem::Close(Some(1001), reason), "after SIG{signal}");
        }
        for client in &mut clients {
            client.send(&close(1001, ""));
            assert_eq!(client.receive(), ReceivedItem::End);
            client.end();
        }
        assert_eq!(server.exit_code(), 0, "after SIG{signal}");
        server.wait_for_log(&["stopping"]);
        for client in &clients {
            server.wait_for_log(&[&client.address().to_string(), "closed: 1001 (going away)"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn without_clients_it_ends_at_once() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

/// The first line says that the server is ready. A script that waits for this line may stop the
/// server immediately afterwards.
#[test]
fn a_signal_right_after_the_first_line_is_not_too_early() {
    for _ in 0..20 {
        // Start the shell first, so that it can send the signal without delay.
        let mut shell = Command::new("sh")
            .args(["-c", "read pid; read go; kill -TERM $pid"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut orders = shell.stdin.take().unwrap();
        let mut server = command(&["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        writeln!(orders, "{}", server.id()).unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().starts_with("listening on "));
        writeln!(orders, "go").unwrap();
        assert!(shell.wait().unwrap().success());
        assert_eq!(exit_code(&mut server), 0);
    }
}

#[cfg(unix)]
#[test]
fn clients_that_do_not_answer_do_not_delay_it() {
    let mut server = Server::start(&["--interval", "10ms", "--close-timeout", "300ms"]);
    let mut clients = ["/", "/echo", "/chat"].map(|path| Client::connect(&server, path));
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(290), "they had only {took:?} to answer");
    // Even so, the clients have received the Close.
    for client in &mut clients {
        assert_eq!(client.receive_close(), Some(1001));
    }
}

#[cfg(unix)]
#[test]
fn clients_that_do_not_read_do_not_delay_it() {
    let mut server = Server::start(&["--interval", "1ms", "--close-timeout", "300ms"]);
    let mut talker = Client::connect(&server, "/echo");
    talker.send_until_blocked(&text(&"x".repeat(60_000)).repeat(10), Duration::from_millis(200), 64 << 20);
    let blocked = Client::connect(&server, "/");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
    drop(blocked);
}

#[cfg(unix)]
#[test]
fn clients_that_continue_to_send_do_not_delay_it() {
    let mut server = Server::start(&["--close-timeout", "300ms"]);
    let mut talker = Client::connect(&server, "/chat");
    thread::scope(|scope| {
        scope.spawn(|| talker.send_until_dropped(&text("x").repeat(100_000)));
        server.signal("TERM");
        assert_eq!(server.exit_code(), 0);
    });
}

/// Neither clients with an incomplete request nor clients that stay connected after their response
/// delay the end of the server.
#[cfg(unix)]
#[test]
fn half_a_handshake_does_not_delay_it() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    let mut half = open(&server);
    half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut answered = open(&server);
    answered.write_all(&Request::get(&server, "/").bytes()).unwrap();
    // The server accepts connections in order, so it must have accepted the two above by now.
    Client::connect(&server, "/echo").close(1000);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[cfg(unix)]
#[test]
fn new_connections_are_refused_while_it_ends() {
    let mut server = Server::start(&["--close-timeout", "1s"]);
    let mut silent = Client::connect(&server, "/echo");
    server.signal("TERM");
    assert_eq!(silent.receive_close(), Some(1001));
    // The server sends the Close and stops listening at nearly the same time.
    eventually("connections are refused", || {
        TcpStream::connect(server.address()).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    // It still waits for the silent client.
    silent.send(&close(1001, ""));
    assert_eq!(silent.receive(), ReceivedItem::End);
    drop(silent);
    assert_eq!(server.exit_code(), 0);
}

/// The server loses nothing that it received before it stopped: it still echoes these messages.
#[cfg(unix)]
#[test]
fn answers_arrive_before_the_close() {
    let mut server = Server::start(&["--close-timeout", "10s"]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text("one").repeat(1000));
    client.send(&frame(FIN | PING, b"all handled?"));
    let mut received = 0;
    while client.receive() == ReceivedItem::Text("one".to_owned()) {
        received += 1;
    }
    assert_eq!(received, 1000);
    server.signal("TERM");
    assert_eq!(client.receive_close(), Some(1001));
    drop(client);
    assert_eq!(server.exit_code(), 0);
}

/// As with `server 2>&1 | head`: once nothing reads the server's output any more, the server keeps
/// running until a signal stops it.
#[cfg(unix)]
#[test]
fn an_output_without_a_reader_is_not_an_error() {
    let mut server = Server::start_with_closed_output(&["--interval", "10ms"]);
    let mut client = Client::connect(&server, "/");
    client.send_text("nobody prints this");
    client.receive_push_with(|push| push.messages_received == 1);
    client.close(1000);
    Client::connect(&server, "/echo").echo("hello");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

/// As on a terminal that was paused with Ctrl-S: the output has to wait, but no client does.
#[cfg(unix)]
#[test]
fn an_output_that_is_not_read_delays_nobody() {
    let mut server = Server::start_with_blocked_output(&["--interval", "10ms"]);
    let mut talker = Client::connect(&server, "/");
    // A pipe holds 64 KiB.
    let long = "x".repeat(10_000);
    for _ in 0..30 {
        talker.send_text(&long);
    }
    talker.receive_push_with(|push| push.messages_received == 30);
    Client::connect(&server, "/echo").echo("hello");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    let mut silent = Client::connect(&server, "/echo");
    server.signal("INT");
    assert_eq!(silent.receive_close(), Some(1001));
    server.signal("INT");
    assert_eq!(server.exit_code(), 130);
}

// ---- The start ----------------------------------------------------------------------------------

/// Runs the server with `args` until it ends. Returns its exit code, its output and its error
/// output.
#[track_caller]
fn run(args: &[&str]) -> (i32, String, String) {
    let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let code = exit_code(&mut child);
    let ended = child.wait_with_output().expect("the process has ended");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (code, text(ended.stdout), text(ended.stderr))
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let first = Server::start(&[]);
    let (code, output, errors) = run(&["--listen", &first.address().to_string()]);
    assert_eq!((code, &output[..]), (1, ""));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for part in ["cannot listen on", &first.address().to_string(), "in use", "--listen"] {
        assert!(errors.contains(part), "{part} is not in {errors}");
    }
}

#[test]
fn a_port_alone_is_an_address() {
    for port in ["0", ":0"] {
        let server = Server::start_at(port);
        assert!(server.address().ip().is_loopback() && server.address().port() != 0, "{}", server.address());
    }
}

#[test]
fn an_invalid_port_ends_with_2() {
    let (code, output, errors) = run(&["--listen", "70000"]);
    assert_eq!((code, &output[..]), (2, ""));
    assert!(errors.contains("the port must be a number from 0 to 65535"), "{errors}");
}

#[test]
fn an_invalid_address_is_one_clear_sentence() {
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:8080"] {
        let (code, output, errors) = run(&["--listen", address]);
        assert_eq!((code, &output[..]), (1, ""), "{address}");
        assert!(errors.lines().count() == 1 && errors.contains(address), "{errors}");
    }
}

#[test]
fn bad_arguments_are_explained_and_end_with_2() {
    let rows: [(&[&str], &str); 16] = [
        (&["--nonsense"], "--nonsense"),
        (&["extra"], "extra"),
        (&["--interval", "0s"], "must be at least 1ns"),
        (&["--interval", "fast"], "250ms, 1s or 2m"),
        (&["--interval", "10"], "250ms, 1s or 2m"),
        (&["--interval"], "--interval"),
        (&["--write-timeout", "0ms"], "must be at least 1ns"),
        // This time is so long that the clock would overflow.
        (&["--ping-interval", "500000000000y"], "--ping-interval"),
        (&["--close-timeout=-1s"], "250ms, 1s or 2m"),
        (&["--threads", "0"], "must be at least 1"),
        (&["--threads", "many"], "--threads"),
        (&["--max-connections=-1"], "--max-connections"),
        (&["--max-message", "1.5"], "--max-message"),
        (&["--max-memory", "0"], "must be at least 1"),
        (&["--max-memory", "much"], "--max-memory"),
        (&["--message-timeout", "never"], "250ms, 1s or 2m"),
    ];
    for (args, part) in rows {
        // If the server accepts these arguments by mistake, it should at least listen on a free
        // port.
        let (code, output, errors) = run(&[&["--listen", "127.0.0.1:0"], args].concat());
        assert_eq!((code, &output[..]), (2, ""), "{args:?}: {errors}");
        assert!(errors.contains(part), "{args:?}: {errors}");
    }
}

/// A limit that can never be reached is a way of saying "no limit".
#[cfg(unix)]
#[test]
fn the_largest_limits_are_accepted() {
    let most = usize::MAX.to_string();
    let mut server = Server::start(&["--max-connections", &most, "--max-message", &most, "--max-memory", &most]);
    Client::connect(&server, "/echo").echo("well");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn help_and_version_are_printed() {
    let (code, output, errors) = run(&["--help"]);
    assert_eq!((code, &errors[..]), (0, ""));
    for option in
        ["--listen", "--interval", "--allow-host", "--allow-origin", "[default: 127.0.0.1:8080]", "[default: 1s]"]
    {
        assert!(output.contains(option), "{option} is not in {output}");
    }
    let (code, output, _) = run(&["--version"]);
    assert_eq!((code, output.trim()), (0, concat!("server ", env!("CARGO_PKG_VERSION"))));
}

#[cfg(unix)]
#[test]
fn one_thread_serves_too() {
    let mut server = Server::start(&["--threads", "1", "--interval", "10ms"]);
    let mut echo = Client::connect(&server, "/echo");
    let mut stats = Client::connect(&server, "/");
    echo.echo("hello");
    stats.receive_push();
    echo.echo("hello again");
    server.signal("TERM");
    assert_eq!(echo.receive_close(), Some(1001));
    assert_eq!(stats.receive_close(), Some(1001));
    drop((echo, stats));
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn an_address_in_use_is_reported_with_the_likely_reason() {
    let server = Server::start(&[]);
    let output = command(&["--listen", &server.address().to_string()]).output().expect("the server runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("is another server running? choose another port with --listen"), "{error}");
}

/// The user decides how much is logged.
#[test]
fn the_log_is_as_verbose_as_requested() {
    let normal = Server::start(&[]);
    let verbose = Server::start(&["-v"]);
    for server in [&normal, &verbose] {
        exchange(server, &Request::get(server, "/").bytes());
        exchange(server, &Request::get(server, "/nothing").bytes());
    }
    verbose.wait_for_log(&["gets the page"]);
    normal.wait_for_log(&["/nothing"]);
    assert!(normal.log().iter().all(|line| !line.contains("gets the page")));
}

#[test]
fn the_environment_decides_how_much_is_logged_unless_an_option_does() {
    let by_environment = Server::start_with_log_level("debug", &[]);
    let by_option = Server::start_with_log_level("error", &["-v"]);
    for server in [&by_environment, &by_option] {
        exchange(server, &Request::get(server, "/").bytes());
        server.wait_for_log(&["gets the page"]);
    }
}

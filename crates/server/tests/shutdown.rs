//! How the server ends, and how it does not begin.

mod common;

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{
    Server,
    client::{Client, FIN, Heard, PING, close, frame, text},
    command, eventually, exit_code,
    http::{Request, open},
};

// ---- The end --------------------------------------------------------------------------------------------------------

#[test]
fn every_client_is_told_1001_and_the_server_ends() {
    for signal in ["TERM", "INT"] {
        // Nobody has to wait for the deadline when all clients answer.
        let mut server = Server::start(&["--interval", "10ms", "--close-timeout", "10m"]);
        let mut clients: Vec<_> =
            ["/", "/", "/echo", "/chat", "/chat"].map(|path| Client::connect(&server, path)).into();
        for client in &mut clients {
            client.ping();
        }
        server.signal(signal);
        for client in &mut clients {
            let heard = client.hear_until_not_text();
            assert_eq!(heard, Heard::Close(Some(1001), "the server stops".to_owned()), "after SIG{signal}");
        }
        for client in &mut clients {
            client.send(&close(1001, ""));
            assert_eq!(client.hear(), Heard::End);
            client.end();
        }
        assert_eq!(server.exit_code(), 0, "after SIG{signal}");
        server.logs(&["stopping"]);
        for client in &clients {
            server.logs(&[&client.own().to_string(), "closed: 1001 (going away)"]);
        }
    }
}

#[test]
fn without_clients_it_ends_at_once() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

/// The first line says that the server is ready. Whoever waits for it may stop the server in the next instant.
#[test]
fn a_signal_right_after_the_first_line_is_not_too_early() {
    for _ in 0..20 {
        // A shell that runs already needs no time to start.
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

#[test]
fn clients_that_do_not_answer_do_not_hold_it_up() {
    let mut server = Server::start(&["--interval", "10ms", "--close-timeout", "300ms"]);
    let mut clients = ["/", "/echo", "/chat"].map(|path| Client::connect(&server, path));
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(290), "they have had {took:?} to answer");
    // All the same they have been told.
    for client in &mut clients {
        assert_eq!(client.hear_close(), Some(1001));
    }
}

#[test]
fn clients_that_do_not_read_do_not_hold_it_up() {
    let mut server = Server::start(&["--interval", "1ms", "--close-timeout", "300ms"]);
    let mut talker = Client::connect(&server, "/echo");
    talker.send_until_stuck(&text(&"x".repeat(60_000)).repeat(10), Duration::from_millis(200), 64 << 20);
    let stuck = Client::connect(&server, "/");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
    drop(stuck);
}

#[test]
fn clients_that_go_on_sending_do_not_hold_it_up() {
    let mut server = Server::start(&["--close-timeout", "300ms"]);
    let mut talker = Client::connect(&server, "/chat");
    thread::scope(|scope| {
        scope.spawn(|| talker.send_until_refused(&text("x").repeat(100_000)));
        server.signal("TERM");
        assert_eq!(server.exit_code(), 0);
    });
}

/// Neither do those who have not come to the end of their request, nor those who were answered and do not leave.
#[test]
fn half_a_handshake_does_not_hold_it_up() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    let mut half = open(&server);
    half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut answered = open(&server);
    answered.write_all(&Request::get(&server, "/").bytes()).unwrap();
    // The connections are taken in their order.
    Client::connect(&server, "/echo").close(1000);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn new_connections_are_refused_while_it_ends() {
    let mut server = Server::start(&["--close-timeout", "1s"]);
    let mut silent = Client::connect(&server, "/echo");
    server.signal("TERM");
    assert_eq!(silent.hear_close(), Some(1001));
    // The Close and the end of listening come at nearly the same time.
    eventually("connections are refused", || {
        TcpStream::connect(server.address()).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    // It still waits for the silent one.
    silent.send(&close(1001, ""));
    assert_eq!(silent.hear(), Heard::End);
    drop(silent);
    assert_eq!(server.exit_code(), 0);
}

/// What came before the end is not lost: here an echo that was asked for before the server was stopped.
#[test]
fn what_the_server_has_answered_arrives_before_the_close() {
    let mut server = Server::start(&["--close-timeout", "10s"]);
    let mut client = Client::connect(&server, "/echo");
    client.send(&text("one").repeat(1000));
    client.send(&frame(FIN | PING, b"all handled?"));
    let mut heard = 0;
    while client.hear() == Heard::Text("one".to_owned()) {
        heard += 1;
    }
    assert_eq!(heard, 1000);
    server.signal("TERM");
    assert_eq!(client.hear_close(), Some(1001));
    drop(client);
    assert_eq!(server.exit_code(), 0);
}

/// As in `server 2>&1 | head`: once its output has no reader, the server goes on, and ends when it is told to.
#[test]
fn an_output_without_a_reader_is_no_reason_to_fail() {
    let mut server = Server::start_unheard(&["--interval", "10ms"]);
    let mut client = Client::connect(&server, "/");
    client.say("nobody prints this");
    client.hear_push_with(|push| push.messages_received == 1);
    client.close(1000);
    Client::connect(&server, "/echo").echo("hello");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

/// As on a terminal that was stopped with Ctrl-S: printing waits, and nobody else.
#[test]
fn an_output_that_is_not_read_stops_nobody() {
    let mut server = Server::start_stuck(&["--interval", "10ms"]);
    let mut talker = Client::connect(&server, "/");
    // A pipe holds 64 KiB.
    let long = "x".repeat(10_000);
    for _ in 0..30 {
        talker.say(&long);
    }
    talker.hear_push_with(|push| push.messages_received == 30);
    Client::connect(&server, "/echo").echo("hello");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["--close-timeout", "10m"]);
    let mut silent = Client::connect(&server, "/echo");
    server.signal("INT");
    assert_eq!(silent.hear_close(), Some(1001));
    server.signal("INT");
    assert_eq!(server.exit_code(), 130);
}

// ---- The beginning --------------------------------------------------------------------------------------------------

/// Runs the server with `args` until it ends; gives its exit code, what it said and its errors.
#[track_caller]
fn run(args: &[&str]) -> (i32, String, String) {
    let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let code = exit_code(&mut child);
    let output = child.wait_with_output().expect("it has ended");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let first = Server::start(&[]);
    let (code, said, errors) = run(&["--listen", &first.address().to_string()]);
    assert_eq!((code, &said[..]), (1, ""));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for part in ["cannot listen on", &first.address().to_string(), "in use", "--listen"] {
        assert!(errors.contains(part), "{part} is not in {errors}");
    }
}

#[test]
fn an_address_that_is_none_is_one_clear_sentence() {
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:8080"] {
        let (code, said, errors) = run(&["--listen", address]);
        assert_eq!((code, &said[..]), (1, ""), "{address}");
        assert!(errors.lines().count() == 1 && errors.contains(address), "{errors}");
    }
}

#[test]
fn bad_arguments_are_explained_and_end_with_2() {
    let rows: [(&[&str], &str); 13] = [
        (&["--nonsense"], "--nonsense"),
        (&["extra"], "extra"),
        (&["--interval", "0s"], "must be at least 1ns"),
        (&["--interval", "fast"], "250ms, 1s or 2m"),
        (&["--interval", "10"], "250ms, 1s or 2m"),
        (&["--interval"], "--interval"),
        (&["--write-timeout", "0ms"], "must be at least 1ns"),
        // So far away that no clock can tell when it would be.
        (&["--ping-interval", "500000000000y"], "--ping-interval"),
        (&["--close-timeout=-1s"], "250ms, 1s or 2m"),
        (&["--threads", "0"], "must be at least 1"),
        (&["--threads", "many"], "--threads"),
        (&["--max-connections=-1"], "--max-connections"),
        (&["--max-message", "1.5"], "--max-message"),
    ];
    for (args, part) in rows {
        // If they are taken all the same, then on a port of its own.
        let (code, said, errors) = run(&[&["--listen", "127.0.0.1:0"], args].concat());
        assert_eq!((code, &said[..]), (2, ""), "{args:?}: {errors}");
        assert!(errors.contains(part), "{args:?}: {errors}");
    }
}

/// A limit that is never reached is a way to say "no limit".
#[test]
fn the_largest_limits_are_taken() {
    let most = usize::MAX.to_string();
    let mut server = Server::start(&["--max-connections", &most, "--max-message", &most]);
    Client::connect(&server, "/echo").echo("well");
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn help_and_version_are_told() {
    let (code, said, errors) = run(&["--help"]);
    assert_eq!((code, &errors[..]), (0, ""));
    for option in ["--listen", "--interval", "--allow-origin", "[default: 127.0.0.1:8080]", "[default: 1s]"] {
        assert!(said.contains(option), "{option} is not in {said}");
    }
    let (code, said, _) = run(&["--version"]);
    assert_eq!((code, said.trim()), (0, concat!("server ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn one_thread_serves_too() {
    let mut server = Server::start(&["--threads", "1", "--interval", "10ms"]);
    let mut echo = Client::connect(&server, "/echo");
    let mut stats = Client::connect(&server, "/");
    echo.echo("hello");
    stats.hear_push();
    echo.echo("hello again");
    server.signal("TERM");
    assert_eq!(echo.hear_close(), Some(1001));
    assert_eq!(stats.hear_close(), Some(1001));
    drop((echo, stats));
    assert_eq!(server.exit_code(), 0);
}

/// Whoever looks at the log decides how much of it there is.
#[test]
fn the_log_is_as_loud_as_asked_for() {
    let quiet = Server::start(&[]);
    let loud = Server::start(&["-v"]);
    for server in [&quiet, &loud] {
        common::http::exchange(server, &Request::get(server, "/").bytes());
        common::http::exchange(server, &Request::get(server, "/nothing").bytes());
    }
    loud.logs(&["gets the page"]);
    quiet.logs(&["/nothing"]);
    assert!(quiet.logged().iter().all(|line| !line.contains("gets the page")));
}

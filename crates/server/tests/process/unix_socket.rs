//! `--listen unix:PATH`.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::PathBuf,
};

use crate::support::{
    Server, command,
    frames::text,
    http::{KEY, Request},
};

/// A path for the socket of one test. The file is removed when this value is dropped.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.sock", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    fn start(&self, options: &[&str]) -> Server {
        Server::start(&[&["--listen", &format!("unix:{}", self.text())], options].concat())
    }

    /// Runs a server that is expected not to start, and returns its error.
    fn start_error(&self) -> String {
        let output = command(&["--listen", &format!("unix:{}", self.text())]).output().expect("the server starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    fn mode(&self) -> u32 {
        fs::metadata(&self.0).expect("a file").permissions().mode() & 0o777
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a WebSocket connection to `/echo` with these additional header lines, and checks that a
/// text is echoed.
fn converse(path: &SocketPath, lines: &[(&str, &str)]) -> UnixStream {
    let mut stream = UnixStream::connect(&path.0).expect("the server listens");
    let upgrade = [
        ("Host", "localhost"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ];
    let request = Request::new("GET /echo HTTP/1.1", &[&upgrade[..], lines].concat());
    stream.write_all(&[request.bytes(), text("hi")].concat()).expect("the server reads");
    let mut received = Vec::new();
    while !received.ends_with(b"\x81\x02hi") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&received)));
        received.push(byte[0]);
    }
    assert!(received.starts_with(b"HTTP/1.1 101 "));
    stream
}

#[test]
fn a_unix_socket_carries_the_same_conversation() {
    let path = SocketPath::new("echo");
    let server = path.start(&["--trust-proxy", "unix"]);
    assert_eq!(server.wait_for_output("listening on"), format!("listening on unix:{}", path.text()));
    server.wait_for_output(&format!("run: cargo run -p client -- --unix {}", path.text()));
    let _first = converse(&path, &[]);
    server.wait_for_log(&["unix client 1 connected to /echo"]);
    let _second = converse(&path, &[("X-Forwarded-For", "203.0.113.7")]);
    server.wait_for_log(&["203.0.113.7 via unix client 2 connected to /echo"]);
}

#[test]
fn the_file_has_a_mode() {
    let path = SocketPath::new("mode");
    let server = path.start(&[]);
    assert_eq!(path.mode(), 0o660);
    drop(server);
    // The server was killed, so its file is still there.
    let _server = path.start(&["--socket-mode", "600"]);
    assert_eq!(path.mode(), 0o600);
}

#[test]
fn the_file_is_removed_at_the_end() {
    let path = SocketPath::new("end");
    let mut server = path.start(&[]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
    assert!(!path.0.exists());
    // The file is also removed if a second signal stops the server at once, while it waits for a
    // client to answer its Close.
    let mut server = path.start(&["--close-timeout", "10m"]);
    let _client = converse(&path, &[]);
    server.signal("TERM");
    server.wait_for_log(&["signal again to stop at once"]);
    server.signal("TERM");
    server.exit_code();
    assert!(!path.0.exists());
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else() {
    let path = SocketPath::new("stale");
    drop(UnixListener::bind(&path.0).expect("a short path"));
    let server = path.start(&[]);
    drop(converse(&path, &[]));
    let error = path.start_error();
    assert_eq!(error, format!("cannot listen on unix:{}: another server is listening there\n", path.text()));
    // The first server is undisturbed.
    drop(converse(&path, &[]));
    drop(server);

    fs::remove_file(&path.0).expect("the socket");
    fs::write(&path.0, "precious").expect("a file");
    let error = path.start_error();
    assert_eq!(error, format!("cannot listen on unix:{}: there is a file that is not a socket\n", path.text()));
    assert_eq!(fs::read(&path.0).expect("a file"), b"precious");
}

#[test]
fn a_directory_that_is_missing_is_one_sentence() {
    let path = SocketPath(PathBuf::from("/nonexistent/directory/socket"));
    let error = path.start_error();
    assert!(error.ends_with("; check that the directory exists and that you may write to it\n"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_file_of_another_server_is_not_removed_at_the_end() {
    let path = SocketPath::new("other");
    let mut server = path.start(&[]);
    fs::remove_file(&path.0).expect("the socket");
    let _other = UnixListener::bind(&path.0).expect("a short path");
    server.signal("TERM");
    server.exit_code();
    assert!(path.0.exists());
}

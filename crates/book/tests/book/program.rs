//! The program `book` as a process.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
};

use crate::rendered::turn_to_build;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
    command.stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    command
}

#[test]
fn an_address_that_is_in_use_is_reported_before_the_book_is_built() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let output = program().args(["--listen", &address]).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&format!("{address} is not available; choose another address with --listen")), "{error}");
}

/// Serves the book, asks for a page, and ends the program with SIGTERM.
#[cfg(unix)]
#[test]
fn the_pages_are_served_with_a_policy_and_removed_at_the_end() {
    let _turn = turn_to_build();
    let temporary = tempfile::tempdir().unwrap();
    let mut book = program()
        .args(["--listen", "127.0.0.1:0"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(book.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let address = first.strip_prefix("The book is at http://").and_then(|rest| rest.split('/').next()).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET /closing.html HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response:.200}");
    assert!(response.contains("\r\ncontent-security-policy: default-src 'none'; script-src 'self' 'sha256-"));
    assert!(response.contains("<h1 id=\"the-closing-handshake\">"));
    assert!(Command::new("kill").arg(book.id().to_string()).status().unwrap().success());
    assert!(book.wait().unwrap().success());
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// The variable `BROWSER` names a program that stores its argument.
#[cfg(unix)]
#[test]
fn a_book_on_disk_is_opened_in_the_browser() {
    use std::{
        os::unix::fs::PermissionsExt,
        thread,
        time::{Duration, Instant},
    };

    /// The longest time that the browser may take to start on a loaded machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    let _turn = turn_to_build();
    let folder = tempfile::tempdir().unwrap();
    let (browser, opened, output) =
        (folder.path().join("browser"), folder.path().join("opened"), folder.path().join("out"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > '{}.part'\nmv '{0}.part' '{0}'\n", opened.display()))
        .unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let status = program().arg("--build").arg(&output).arg("--open").env("BROWSER", &browser).status().unwrap();
    assert!(status.success());
    // The program does not wait for the browser.
    let deadline = Instant::now() + PATIENCE;
    while !opened.exists() {
        assert!(Instant::now() < deadline, "the browser was not started within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
    let index = fs::read_to_string(&opened).unwrap();
    assert!(index.trim_end().ends_with("/out/index.html"), "{index}");
    assert!(output.join("index.html").is_file());
}

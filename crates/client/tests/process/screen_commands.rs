//! The full screen: the commands of the input line.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use tokio::{io::AsyncReadExt, net::TcpStream, time::Instant};

use crate::{
    support::{ScriptedServer, bounded, texts},
    terminal::{TestTerminal, open_raw},
};

/// Enters a command and checks the bytes that the client then sends. The masking key is zero, so
/// the payload is readable.
async fn check_sent_bytes(terminal: &mut TestTerminal, tcp: &mut TcpStream, command: &str, expected: &[u8]) {
    terminal.enter("/mask 00000000").await;
    terminal.enter(command).await;
    let mut bytes = vec![0; expected.len()];
    bounded(tcp.read_exact(&mut bytes)).await.unwrap_or_else(|error| panic!("{command}: {error}"));
    assert_eq!(bytes, expected, "{command}");
}

#[tokio::test]
async fn each_command_sends_exactly_its_bytes() {
    let (mut terminal, mut tcp) = open_raw().await;
    let mask = |head: &[u8], payload: &[u8]| [head, &[0; 4], payload].concat();
    for (command, expected) in [
        ("hi", mask(&[0x81, 0x82], b"hi")),
        ("//hi", mask(&[0x81, 0x83], b"/hi")),
        ("/ping", mask(&[0x89, 0x80], b"")),
        ("/ping one two", mask(&[0x89, 0x87], b"one two")),
        ("/pong x", mask(&[0x8a, 0x81], b"x")),
        ("/binary 00 ff:10", mask(&[0x82, 0x83], &[0, 0xff, 0x10])),
        ("/fragment 1 one", mask(&[0x81, 0x83], b"one")),
        ("/raw c0 01 02", vec![0xc0, 1, 2]),
    ] {
        check_sent_bytes(&mut terminal, &mut tcp, command, &expected).await;
    }
    // Sending raw bytes did not use up the zero key, so this command replaces it. The frame is the
    // example from the RFC.
    terminal.enter("/mask 37fa213d").await;
    terminal.enter("Hello").await;
    let mut bytes = [0; 11];
    bounded(tcp.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(bytes, [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
    check_sent_bytes(&mut terminal, &mut tcp, "/close 4000 bye", &mask(&[0x88, 0x85], &[0x0f, 0xa0, b'b', b'y', b'e']))
        .await;
    terminal.shows(&[" CLOSING "]).await;
    // Raw bytes are sent even while the connection is closing, and the client has sent nothing else
    // since its Close.
    terminal.enter("/raw 81").await;
    assert_eq!(bounded(tcp.read_u8()).await.unwrap(), 0x81);
}

#[tokio::test]
async fn fragments_are_sent_with_a_ping_between_them() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("/fragment 3+ping one two three").await;
    let reading = tokio::spawn(async move { texts(&mut connection).await });
    terminal.resize(200, 50);
    let parts = [
        "Text, first fragment, 4 bytes: one",
        "Ping, 17 bytes",
        "Continuation, 4 bytes: two",
        "last fragment, 5 bytes: three",
    ];
    terminal.shows(&parts).await;
    terminal.shows(&["Pong, 17 bytes: between fragments"]).await;
    terminal.press("\x03").await;
    terminal.exited().await;
    assert_eq!(reading.await.unwrap(), ["one two three"]);
}

#[tokio::test]
async fn a_slow_frame_takes_many_reads() {
    let (mut terminal, mut tcp) = open_raw().await;
    terminal.enter("/mask 00000000").await;
    terminal.enter("/slow 20 snail").await;
    let started = Instant::now();
    let mut reads = 0;
    let mut all = Vec::new();
    while all.len() < 11 {
        let mut bytes = [0; 64];
        let count = bounded(tcp.read(&mut bytes)).await.unwrap();
        all.extend_from_slice(&bytes[..count]);
        reads += 1;
    }
    assert_eq!(all, b"\x81\x85\0\0\0\0snail");
    // On a busy machine, one read may return two bytes, but no byte can arrive early.
    assert!(reads > 1 && started.elapsed() >= Duration::from_millis(9 * 20), "{reads} reads, {:?}", started.elapsed());
    // The next frame is sent at full speed again.
    check_sent_bytes(&mut terminal, &mut tcp, "fast", b"\x81\x84\0\0\0\0fast").await;
}

#[tokio::test]
async fn a_line_with_an_error_stays_and_is_explained() {
    let (mut terminal, _tcp) = open_raw().await;
    terminal.enter("/raw 8g").await;
    terminal.shows(&["> /raw 8g", "'g' is not a hexadecimal digit; usage: /raw HEX"]).await;
    // Ctrl-U clears the line, and Tab completes the command.
    terminal.press("\x15/rec\t").await;
    terminal.shows(&["> /reconnect", "close, and open a new connection"]).await;
}

#[tokio::test]
async fn files_are_sent_and_written() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (message, saved) = (folder.join("a message"), folder.join("saved.json"));
    std::fs::write(&message, [0, 255, 7]).expect("a writable folder");
    let _ = std::fs::remove_file(&saved);
    let (mut terminal, mut tcp) = open_raw().await;
    let command = format!("/binary @{}", message.display());
    check_sent_bytes(&mut terminal, &mut tcp, &command, &[0x82, 0x83, 0, 0, 0, 0, 0, 255, 7]).await;
    terminal.enter("/binary @/nowhere/at/all").await;
    terminal.shows(&["! not sent: cannot read /nowhere/at/all ("]).await;
    // A device has no end, so reading it would take all memory.
    #[cfg(unix)]
    {
        terminal.enter("/binary @/dev/zero").await;
        terminal.shows(&["! not sent: cannot read /dev/zero (not a regular file)"]).await;
    }
    // On a wide terminal, each sentence is on one line.
    terminal.resize(200, 50);
    terminal.enter(&format!("/save {}", saved.display())).await;
    terminal.shows(&["saved to "]).await;
    let text = std::fs::read_to_string(&saved).expect("the saved file");
    assert_eq!(text.lines().count(), 3, "two heads and a frame: {text}");
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    // An existing file is not overwritten.
    terminal.enter(&format!("/save {}", saved.display())).await;
    terminal.shows(&["cannot save to ", "; name a new file"]).await;
    assert_eq!(std::fs::read_to_string(&saved).ok(), Some(text));
    // The file holds the cookies and the other credentials of the request, so only its owner may
    // read it.
    let mode = std::fs::metadata(&saved).expect("the saved file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    // A symbolic link is not followed.
    let [link, target] = ["save-link", "save-target"].map(|name| folder.join(name));
    for path in [&link, &target] {
        let _ = std::fs::remove_file(path);
    }
    std::os::unix::fs::symlink(&target, &link).expect("a writable folder");
    terminal.enter(&format!("/save {}", link.display())).await;
    terminal.shows(&[&format!("cannot save to {}", link.display())]).await;
    assert!(!target.exists());
}

#[tokio::test]
async fn break_reports_a_server_that_reacts_as_required() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    terminal.resize(200, 50);
    let mut connection = server.accept().await;
    let failing = tokio::spawn(async move { connection.next().await });
    terminal.shows(&[" OPEN "]).await;
    // Tab completes the name.
    terminal.press("/break unm\t\r").await;
    terminal.shows(&["> /break unmasked-frame", "section 5.1", "verdict: as expected", " CLOSED "]).await;
    let failed = failing.await.unwrap();
    assert!(failed.is_some_and(|result| result.is_err()), "the server noticed the violation");
}

#[tokio::test]
async fn break_reports_a_server_that_does_not_react() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&["--probe-patience", "200ms", &server.url()]);
    terminal.resize(200, 50);
    let mut tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("/mask 00000000").await;
    terminal.enter("/break reserved-opcode-f").await;
    let mut head = [0; 6];
    bounded(tcp.read_exact(&mut head)).await.unwrap();
    assert_eq!((head[0] & 0x88, &head[2..]), (0x88, &[0; 4][..]), "a control frame with the user's key");
    terminal.shows(&["! reserved-opcode-f: ", "verdict: no answer"]).await;
    // The connection stays open.
    terminal.shows(&[" OPEN "]).await;
}

//! `--trace` and `--capture` show what went over the wire. The tests compare this with the bytes
//! that a proxy between client and server has copied.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};

#[cfg(unix)]
use crate::support::with_full_disk;
use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, command};

/// The bytes to the server and the bytes to the client.
type BytesEachWay = [Vec<u8>; 2];

/// Copies the bytes of one connection both ways, and returns them.
async fn proxy(listener: TcpListener, to: u16) -> BytesEachWay {
    let (client, _) = bounded(listener.accept()).await.expect("a client");
    let server = bounded(TcpStream::connect(("127.0.0.1", to))).await.expect("a server");
    let ((mut client_read, mut client_write), (mut server_read, mut server_write)) =
        (client.into_split(), server.into_split());
    let pass = async |from: &mut tokio::net::tcp::OwnedReadHalf, to: &mut tokio::net::tcp::OwnedWriteHalf| {
        let mut seen = Vec::new();
        let mut bytes = [0; 1000];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            seen.extend_from_slice(&bytes[..count]);
            if to.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
        seen
    };
    let both =
        async { tokio::join!(pass(&mut client_read, &mut server_write), pass(&mut server_read, &mut client_write)) };
    bounded(both).await.into()
}

/// Runs a conversation through the proxy, with text messages of several lengths and a Close.
/// Returns the bytes that the proxy copied and the client's standard error.
async fn conversation(options: &[&str]) -> (BytesEachWay, String) {
    conversation_of(|arguments| command([options, arguments].concat())).await
}

/// Does the same as [`conversation`], with the client that `command` starts for a URL.
async fn conversation_of(command: impl FnOnce(&[&str]) -> Command) -> (BytesEachWay, String) {
    let server = ScriptedServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    let lines = [String::from("Hello"), String::new(), "ä".repeat(100), "x".repeat(4000), String::from("\x1b[31mred")]
        .join("\n")
        + "\n";
    let mut client = ClientProcess::spawn(command(&[&url]));
    client.write(lines.as_bytes()).await;
    client.end_input();
    let (bytes, _, ended) = tokio::join!(proxy(listener, server.port()), server.echo(), client.exited());
    assert_eq!(ended.status, Some(0), "{}", ended.errors);
    assert_eq!(String::from_utf8_lossy(&ended.output), lines);
    (bytes, ended.errors)
}

#[tokio::test]
async fn the_trace_for_programs_has_every_byte_of_the_wire() {
    let (bytes, errors) = conversation(&["--trace=json"]).await;
    let mut shown = BytesEachWay::default();
    for line in errors.lines().filter(|line| line.starts_with('{')) {
        let record: Value = serde_json::from_str(line).expect("a line of JSON");
        let way = &mut shown[usize::from(record["direction"] == "to_client")];
        assert_eq!(record["offset"], way.len(), "{line}");
        let hex = record["bytes"].as_str().expect("bytes").split(':');
        way.extend(hex.map(|byte| u8::from_str_radix(byte, 16).expect("a byte")));
        assert_eq!(record["complete"], true, "{line}");
    }
    assert_eq!(shown, bytes);
    assert!(errors.ends_with(CLOSED_BY_US), "the last line is for people");
}

#[tokio::test]
async fn the_trace_for_people_shows_the_bytes_with_their_fields() {
    let (bytes, errors) = conversation(&["--trace"]).await;
    let rows = |bytes: &[u8], offset: usize| {
        let row = bytes.iter().take(16).enumerate();
        row.fold(format!("{offset:08x} "), |row, (index, byte)| {
            row + if index == 8 { "  " } else { " " } + &format!("{byte:02x}")
        })
    };
    // The first frame of each side comes directly after the head.
    for (mark, way) in [('>', &bytes[0]), ('<', &bytes[1])] {
        let head = way.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
        let length = if mark == '>' { 11 } else { 7 };
        let expected = format!("{mark} Text, 5 bytes: Hello\n{}", rows(&way[head..head + length], head));
        assert!(errors.contains(&expected), "{expected}\n---\n{errors}");
        assert!(errors.contains(&rows(way, 0)), "the handshake is shown too");
    }
    assert!(errors.contains("  .... 0001 = Opcode: Text (1)\n"), "{errors}");
    // Standard error is not a terminal here, so it must contain no colours, and a server's text
    // must not reach a terminal as a command.
    let is_harmless = |character: char| character == '\n' || !character.is_control();
    assert!(errors.contains("[31mred") && errors.chars().all(is_harmless), "{errors}");
}

#[tokio::test]
async fn a_capture_holds_the_conversation() {
    let path = new_path("a_capture_holds_the_conversation.pcapng");
    let (bytes, errors) = conversation(&["--capture", path.to_str().expect("UTF-8")]).await;
    assert_eq!(errors, CLOSED_BY_US, "--capture prints nothing");
    let mut reader = pcap_file::pcapng::PcapNgReader::new(File::open(&path).expect("the file")).expect("pcapng");
    let mut ways: HashMap<[u8; 2], Vec<u8>> = HashMap::new();
    let mut first = None;
    while let Some(block) = reader.next_block() {
        if let Some(packet) = block.expect("a whole block").into_enhanced_packet() {
            // The headers of IPv4 and TCP take 20 bytes each. TCP's starts with the source port.
            let source = [packet.data[20], packet.data[21]];
            first.get_or_insert(source);
            ways.entry(source).or_default().extend_from_slice(&packet.data[40..]);
        }
    }
    let client = first.expect("packets");
    assert_eq!(ways.remove(&client), Some(bytes[0].clone()));
    assert_eq!(ways.into_values().collect::<Vec<_>>(), [bytes[1].clone()]);
    std::fs::remove_file(path).expect("the file can be removed");
}

#[tokio::test]
async fn a_capture_that_cannot_be_written_is_reported_before_connecting() {
    expect_no_capture(Path::new(env!("CARGO_TARGET_TMPDIR"))).await;
}

/// Returns the path of a file that does not exist. Removes any file that a failed test left there.
fn new_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

#[tokio::test]
async fn a_capture_never_empties_a_file_that_exists() {
    let path = new_path("a_capture_never_empties_a_file_that_exists.pcapng");
    std::fs::write(&path, "precious").expect("a writable folder");
    expect_no_capture(&path).await;
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "precious");
    std::fs::remove_file(path).expect("the file can be removed");
}

#[cfg(unix)]
#[tokio::test]
async fn a_capture_never_follows_a_link() {
    let (link, target) = (new_path("a_capture_never_follows_a_link"), new_path("the_target_of_a_link"));
    std::os::unix::fs::symlink(&target, &link).expect("a writable folder");
    expect_no_capture(&link).await;
    assert!(!target.exists(), "a link to a file that does not exist creates none");
    std::fs::write(&target, "precious").expect("a writable folder");
    expect_no_capture(&link).await;
    assert_eq!(std::fs::read_to_string(&target).expect("the file"), "precious");
    for path in [link, target] {
        std::fs::remove_file(path).expect("the file can be removed");
    }
}

async fn expect_no_capture(path: &Path) {
    let path = path.to_str().expect("UTF-8");
    let ended = ClientProcess::fed(["--capture", path, "ws://127.0.0.1:1/"], b"").await.exited().await;
    assert_eq!(ended.status, Some(1));
    let beginning = format!("cannot write the capture {path}: ");
    assert!(ended.errors.starts_with(&beginning), "{}", ended.errors);
    assert!(ended.errors.ends_with("; --capture takes the path of a new file\n"), "{}", ended.errors);
}

#[cfg(unix)]
#[tokio::test]
async fn a_capture_can_be_read_by_its_owner_only() {
    let path = new_path("a_capture_can_be_read_by_its_owner_only.pcapng");
    conversation(&["--capture", path.to_str().expect("UTF-8")]).await;
    let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    std::fs::remove_file(path).expect("the file can be removed");
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_ends_the_capture_but_not_the_conversation() {
    let path = new_path("a_full_disk_ends_the_capture_but_not_the_conversation.pcapng");
    let (_, errors) = conversation_of(|arguments| {
        let capture = ["--capture", path.to_str().expect("UTF-8")];
        with_full_disk(&[&capture[..], arguments].concat())
    })
    .await;
    std::fs::remove_file(&path).expect("the file can be removed");
    let lines: Vec<_> = errors.lines().collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(lines[0].starts_with("the capture ends here: it cannot be written ("), "{errors}");
    assert_eq!(lines[1], "closed: 1000 (normal closure), by us");
}

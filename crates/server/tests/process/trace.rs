//! `--trace` and `--capture`: they show exactly the bytes that the client wrote and read.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::support::{
    PATIENCE, Server, command, eventually, exit_code,
    frames::{FIN, PING, close, frame, text},
};

/// Holds a conversation on `/echo`. Returns the client's address, the bytes that it wrote, and the
/// bytes that it read.
fn conversation(server: &Server) -> (SocketAddr, Vec<u8>, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit can be set");
    let address = stream.local_addr().expect("an address");
    let request = format!(
        "GET /echo HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a response");
        read.push(byte[0]);
    }
    let frames = [text("Hello"), frame(FIN | PING, b"p"), text(&"x".repeat(1000)), close(1000, "")].concat();
    stream.write_all(&frames).expect("the server reads");
    stream.read_to_end(&mut read).expect("the server closes");
    (address, [request.as_bytes(), &frames].concat(), read)
}

/// Returns the bytes of one direction from the trace of one connection.
fn traced(server: &Server, client: SocketAddr, direction: &str) -> Vec<u8> {
    let start = format!("{{\"connection\":\"{client}\",");
    let direction = format!("\"direction\":\"{direction}\"");
    let mut bytes = Vec::new();
    for line in server.log().iter().filter(|line| line.starts_with(&start) && line.contains(&direction)) {
        let hex = line.split("\"bytes\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("bytes");
        bytes.extend(hex.split(':').map(|byte| u8::from_str_radix(byte, 16).expect("a byte")));
    }
    bytes
}

#[test]
fn the_trace_for_programs_has_every_byte_of_each_connection() {
    let server = Server::start(&["--trace=json"]);
    for _ in 0..3 {
        let (client, wrote, read) = conversation(&server);
        // A separate thread writes the log, so the last lines may be late.
        eventually("the whole connection is in the trace", || traced(&server, client, "to_client").len() == read.len());
        assert_eq!(traced(&server, client, "to_client"), read);
        assert_eq!(traced(&server, client, "to_server"), wrote);
    }
}

#[test]
fn the_trace_for_people_names_the_connection_of_each_frame() {
    let server = Server::start(&["--trace"]);
    let (client, ..) = conversation(&server);
    server.wait_for_log(&[&format!("{client} < GET /echo HTTP/1.1")]);
    server.wait_for_log(&[&format!("{client} > HTTP/1.1 101 Switching Protocols")]);
    server.wait_for_log(&[&format!("{client} < Text, 5 bytes: Hello")]);
    server.wait_for_log(&[&format!("{client} > Text, 5 bytes: Hello")]);
    server.wait_for_log(&["Masking-Key: 37fa213d"]);
}

#[test]
fn a_capture_holds_every_connection() {
    let path = new_path("a_capture_holds_every_connection.pcapng");
    let server = Server::start(&["--capture", path.to_str().expect("UTF-8")]);
    let conversations: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..4).map(|_| scope.spawn(|| conversation(&server))).collect();
        running.into_iter().map(|one| one.join().expect("the conversation succeeds")).collect()
    });
    for (client, wrote, read) in conversations {
        eventually("the capture is complete", || captured(&path, client.port()) == [wrote.clone(), read.clone()]);
    }
    assert!(server.log().iter().all(|line| !line.contains("Opcode")), "without --trace, no frames are printed");
    std::fs::remove_file(path).expect("the file can be removed");
}

/// Returns the path of a file that does not exist. Removes any file that a failed test left there.
fn new_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// Returns the bytes that the client on this port sent and received, according to the capture.
fn captured(path: &PathBuf, port: u16) -> [Vec<u8>; 2] {
    let mut reader =
        pcap_file::pcapng::PcapNgReader::new(File::open(path).expect("the file is there")).expect("pcapng");
    let mut ways = [Vec::new(), Vec::new()];
    while let Some(Ok(block)) = reader.next_block() {
        if let Some(packet) = block.into_enhanced_packet() {
            // IPv4 and TCP headers without options: 20 bytes each. The TCP header starts with the
            // ports.
            let port_at = |at: usize| u16::from_be_bytes([packet.data[at], packet.data[at + 1]]);
            for (way, at) in ways.iter_mut().zip([20, 22]) {
                if port_at(at) == port {
                    way.extend_from_slice(&packet.data[40..]);
                }
            }
        }
    }
    ways
}

#[test]
fn a_capture_that_cannot_be_written_is_reported_at_the_start() {
    expect_no_capture(Path::new(env!("CARGO_TARGET_TMPDIR")));
}

#[test]
fn a_capture_never_empties_a_file_that_exists() {
    let path = new_path("a_capture_never_empties_a_file_that_exists.pcapng");
    std::fs::write(&path, "precious").expect("a writable folder");
    expect_no_capture(&path);
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "precious");
    std::fs::remove_file(path).expect("the file can be removed");
}

#[cfg(unix)]
#[test]
fn a_capture_never_follows_a_link() {
    let (link, target) = (new_path("a_capture_never_follows_a_link"), new_path("the_target_of_a_link"));
    std::os::unix::fs::symlink(&target, &link).expect("a writable folder");
    expect_no_capture(&link);
    assert!(!target.exists(), "a link to a file that does not exist creates none");
    std::fs::remove_file(link).expect("the link can be removed");
}

#[track_caller]
fn expect_no_capture(path: &Path) {
    let mut server = command(&["--listen", "127.0.0.1:0", "--capture"])
        .arg(path)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    assert_eq!(exit_code(&mut server), 1);
    let mut errors = String::new();
    server.stderr.take().expect("piped").read_to_string(&mut errors).expect("UTF-8");
    let beginning = format!("cannot write the capture {}: ", path.display());
    assert!(errors.starts_with(&beginning), "{errors}");
    assert!(errors.ends_with("; --capture takes the path of a new file\n"), "{errors}");
}

#[cfg(unix)]
#[test]
fn a_capture_can_be_read_by_its_owner_only() {
    let path = new_path("a_capture_can_be_read_by_its_owner_only.pcapng");
    let _server = Server::start(&["--capture", path.to_str().expect("UTF-8")]);
    let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    std::fs::remove_file(path).expect("the file can be removed");
}

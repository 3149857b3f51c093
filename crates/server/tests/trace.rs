//! `--trace` and `--capture`: what they show is what the client wrote and read.

mod common;

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
};

use common::{
    Server,
    client::{FIN, PING, close, frame, text},
    eventually,
};

/// A conversation on `/echo`: the client's address, what it wrote, and what it read.
fn conversation(server: &Server) -> (SocketAddr, Vec<u8>, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).expect("the server is there");
    stream.set_read_timeout(Some(common::PATIENCE)).expect("a time-out");
    let own = stream.local_addr().expect("an address");
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
    (own, [request.as_bytes(), &frames].concat(), read)
}

/// The bytes of one direction in the lines of JSON of one connection.
fn traced(server: &Server, client: SocketAddr, direction: &str) -> Vec<u8> {
    let begin = format!("{{\"connection\":\"{client}\",");
    let direction = format!("\"direction\":\"{direction}\"");
    let mut bytes = Vec::new();
    for line in server.logged().iter().filter(|line| line.starts_with(&begin) && line.contains(&direction)) {
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
        // The log is written by a thread of its own.
        eventually("the whole connection is in the trace", || traced(&server, client, "to_client").len() == read.len());
        assert_eq!(traced(&server, client, "to_client"), read);
        assert_eq!(traced(&server, client, "to_server"), wrote);
    }
}

#[test]
fn the_trace_for_people_says_whose_frame_it_is() {
    let server = Server::start(&["--trace"]);
    let (client, ..) = conversation(&server);
    server.logs(&[&format!("{client} < GET /echo HTTP/1.1")]);
    server.logs(&[&format!("{client} > HTTP/1.1 101 Switching Protocols")]);
    server.logs(&[&format!("{client} < Text, 5 bytes: Hello")]);
    server.logs(&[&format!("{client} > Text, 5 bytes: Hello")]);
    server.logs(&["Masking-Key: 37fa213d"]);
}

#[test]
fn a_capture_holds_every_connection() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("a_capture_holds_every_connection.pcapng");
    let server = Server::start(&["--capture", path.to_str().expect("UTF-8")]);
    let conversations: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..4).map(|_| scope.spawn(|| conversation(&server))).collect();
        running.into_iter().map(|one| one.join().expect("it ends well")).collect()
    });
    for (client, wrote, read) in conversations {
        eventually("the capture is complete", || captured(&path, client.port()) == [wrote.clone(), read.clone()]);
    }
    assert!(server.logged().iter().all(|line| !line.contains("Opcode")), "nothing is printed that was not asked for");
    std::fs::remove_file(path).expect("it can be removed");
}

/// What a client with this port sent and got.
fn captured(path: &PathBuf, port: u16) -> [Vec<u8>; 2] {
    let mut reader =
        pcap_file::pcapng::PcapNgReader::new(File::open(path).expect("the file is there")).expect("pcapng");
    let mut ways = [Vec::new(), Vec::new()];
    while let Some(Ok(block)) = reader.next_block() {
        if let Some(packet) = block.into_enhanced_packet() {
            // IPv4 and TCP without options: 20 bytes each. The ports begin the TCP header.
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
fn a_capture_that_cannot_be_written_is_told_at_the_start() {
    let output = common::command(&["--capture", env!("CARGO_TARGET_TMPDIR")]).output().expect("the server starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.starts_with("cannot write the capture "), "{errors}");
}

//! Reads captures back, and checks that they contain the packets that TCP would have sent.

use std::{
    io::{self, ErrorKind, Write},
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dissector::{
    Direction::{self, ToClient, ToServer},
    capture::Capture,
};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};

use self::TcpFlag::{Ack, Fin, Push, Reset, Syn};

const CLIENT: &str = "192.0.2.1:50000";
const SERVER: &str = "192.0.2.2:8080";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, 123_456_789)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TcpFlag {
    Syn,
    Ack,
    Push,
    Fin,
    Reset,
}

/// The parts of a packet that these tests compare.
#[derive(Debug, PartialEq, Eq)]
struct Packet {
    direction: Direction,
    flags: Vec<TcpFlag>,
    sequence: u32,
    acknowledged: u32,
    data: Vec<u8>,
}

fn packet(direction: Direction, flags: &[TcpFlag], sequence: u32, acknowledged: u32, data: &[u8]) -> Packet {
    Packet { direction, flags: flags.to_vec(), sequence, acknowledged, data: data.to_vec() }
}

/// Reads the packets of a capture, and verifies their lengths, checksums and times.
fn packets(file: &[u8], client: &str) -> Vec<Packet> {
    let client: SocketAddr = client.parse().expect("the address is valid");
    let mut reader = PcapNgReader::new(file).expect("the file is a capture");
    let mut packets = Vec::new();
    let mut previous = Duration::ZERO;
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(block) = block.expect("the block is valid") else { continue };
        assert!(block.timestamp >= previous, "time does not run backwards");
        previous = block.timestamp;
        assert_eq!(block.original_len as usize, block.data.len());
        let sliced = SlicedPacket::from_ip(&block.data).expect("the packet is IP");
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("the packet is not TCP") };
        let header = tcp.to_header();
        let (source, checksum) = match sliced.net.expect("the packet is IP") {
            NetSlice::Ipv4(ip) => {
                let ip = ip.header().to_header();
                assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                let sum = header.calc_checksum_ipv4(&ip, tcp.payload()).expect("the length fits");
                (IpAddr::from(ip.source), sum)
            }
            NetSlice::Ipv6(ip) => {
                let ip = ip.header().to_header();
                let sum = header.calc_checksum_ipv6(&ip, tcp.payload()).expect("the length fits");
                (IpAddr::from(ip.source), sum)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(header.checksum, checksum);
        let from = SocketAddr::new(source, header.source_port);
        let all = [(Syn, header.syn), (Ack, header.ack), (Push, header.psh), (Fin, header.fin), (Reset, header.rst)];
        packets.push(Packet {
            direction: if from == client { ToServer } else { ToClient },
            flags: all.iter().filter(|(_, set)| *set).map(|(flag, _)| *flag).collect(),
            sequence: header.sequence_number,
            acknowledged: header.acknowledgment_number,
            data: tcp.payload().to_vec(),
        });
    }
    packets
}

/// Returns the time of each packet.
fn times(file: &[u8]) -> Vec<SystemTime> {
    let mut reader = PcapNgReader::new(file).expect("the file is a capture");
    let mut times = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(block) = block.expect("the block is valid") {
            times.push(UNIX_EPOCH + block.timestamp);
        }
    }
    times
}

fn new_capture(client: &str, server: &str) -> Capture<Vec<u8>> {
    let address = |text: &str| text.parse().expect("the address is valid");
    Capture::new(Vec::new(), address(client), address(server), at(1)).expect("a Vec accepts everything")
}

#[test]
fn a_conversation_from_syn_to_fin() {
    for (client, server) in [(CLIENT, SERVER), ("[2001:db8::1]:50000", "[2001:db8::2]:8080")] {
        let mut capture = new_capture(client, server);
        capture.data(ToServer, b"question", at(2)).expect("written");
        capture.data(ToClient, b"answer", at(3)).expect("written");
        capture.end(ToServer, at(4)).expect("written");
        capture.end(ToServer, at(4)).expect("a second end of the same direction writes nothing");
        capture.end(ToClient, at(5)).expect("written");
        let expected = [
            packet(ToServer, &[Syn], 0, 0, b""),
            packet(ToClient, &[Syn, Ack], 0, 1, b""),
            packet(ToServer, &[Ack], 1, 1, b""),
            packet(ToServer, &[Ack, Push], 1, 1, b"question"),
            packet(ToClient, &[Ack], 1, 9, b""),
            packet(ToClient, &[Ack, Push], 1, 9, b"answer"),
            packet(ToServer, &[Ack], 9, 7, b""),
            packet(ToServer, &[Ack, Fin], 9, 7, b""),
            packet(ToClient, &[Ack], 7, 10, b""),
            packet(ToClient, &[Ack, Fin], 7, 10, b""),
            packet(ToServer, &[Ack], 10, 8, b""),
        ];
        assert_eq!(packets(&capture.into_inner(), client), expected, "{client}");
    }
}

#[test]
fn much_data_goes_in_several_packets() {
    let data: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let mut capture = new_capture(CLIENT, SERVER);
    capture.data(ToClient, &data, at(2)).expect("written");
    let packets = packets(&capture.into_inner(), CLIENT);
    let sent: Vec<u8> = packets.iter().flat_map(|packet| packet.data.iter().copied()).collect();
    assert_eq!(sent, data);
    let mut next = 1;
    for packet in packets.iter().filter(|packet| packet.direction == ToClient && !packet.data.is_empty()) {
        assert_eq!(packet.sequence, next);
        // An IPv4 packet has at most 65,535 bytes, 40 of which are headers.
        assert_eq!(packet.data.len(), (data.len() + 1 - next as usize).min(65_495));
        next += u32::try_from(packet.data.len()).expect("a packet is smaller than 64 KiB");
    }
    assert_eq!(packets.last().map(|packet| packet.acknowledged), Some(200_001));
}

#[test]
fn a_connection_may_be_aborted() {
    let mut capture = new_capture(CLIENT, SERVER);
    capture.reset(ToClient, at(2)).expect("written");
    capture.end(ToServer, at(3)).expect("nothing is written after a reset");
    let packets = packets(&capture.into_inner(), CLIENT);
    assert_eq!(packets.last(), Some(&packet(ToClient, &[Ack, Reset], 1, 1, b"")));
}

#[test]
fn a_clock_that_is_set_back_does_not_set_the_capture_back() {
    let mut capture = new_capture(CLIENT, SERVER);
    capture.data(ToServer, b"a", at(5)).expect("written");
    capture.data(ToServer, b"b", at(3)).expect("written");
    let file = capture.into_inner();
    assert_eq!(packets(&file, CLIENT).len(), 7);
    // Three packets for the TCP handshake, then two for each call.
    assert_eq!(times(&file), [at(1), at(1), at(1), at(5), at(5), at(5), at(5)]);
}

#[test]
fn flushing_a_capture_flushes_the_writer() {
    struct Unflushed(bool);
    impl Write for Unflushed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = true;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0 = false;
            Ok(())
        }
    }
    let address: SocketAddr = CLIENT.parse().expect("the address is valid");
    let mut capture = Capture::new(Unflushed(false), address, address, at(1)).expect("written");
    capture.flush().expect("flushed");
    assert!(!capture.into_inner().0, "bytes were written after the last flush");
}

#[test]
fn a_capture_is_described_by_its_addresses_and_sequence_numbers() {
    let text = format!("{:?}", new_capture(CLIENT, SERVER));
    assert_eq!(text, format!("Capture {{ addresses: [{CLIENT}, {SERVER}], next_sequence: [1, 1], .. }}"));
}

#[test]
fn an_ipv4_peer_of_an_ipv6_socket_is_an_ipv4_peer() {
    let capture = new_capture("[::ffff:192.0.2.1]:50000", "[::ffff:192.0.2.2]:8080");
    assert_eq!(packets(&capture.into_inner(), CLIENT)[0].direction, ToServer);
}

#[test]
fn an_error_of_the_writer_is_returned() {
    struct FullDisk;
    impl Write for FullDisk {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let address: SocketAddr = CLIENT.parse().expect("the address is valid");
    let error = Capture::new(FullDisk, address, address, at(1)).expect_err("the disk is full");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
}

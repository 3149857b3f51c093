//! A capture, read again: the packets that TCP would have sent.

mod common;

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dissector::{
    Direction::{self, ToClient, ToServer},
    capture::Capture,
};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};

const CLIENT: &str = "192.0.2.1:50000";
const SERVER: &str = "192.0.2.2:8080";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, 123_456_789)
}

/// A packet, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Packet {
    direction: Direction,
    flags: String,
    sequence: u32,
    acknowledged: u32,
    data: Vec<u8>,
}

fn packet(direction: Direction, flags: &str, sequence: u32, acknowledged: u32, data: &[u8]) -> Packet {
    Packet { direction, flags: flags.to_owned(), sequence, acknowledged, data: data.to_vec() }
}

/// Reads a capture; checks lengths and checksums on the way.
fn packets(file: &[u8], client: &str) -> Vec<Packet> {
    let client: SocketAddr = client.parse().expect("an address");
    let mut reader = PcapNgReader::new(file).expect("a capture");
    let mut packets = Vec::new();
    let mut before = Duration::ZERO;
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(block) = block.expect("a block") else { continue };
        assert!(block.timestamp >= before, "time does not run backwards");
        before = block.timestamp;
        assert_eq!(block.original_len as usize, block.data.len());
        let sliced = SlicedPacket::from_ip(&block.data).expect("an IP packet");
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
        let header = tcp.to_header();
        let (source, checksum) = match sliced.net.expect("IP") {
            NetSlice::Ipv4(ip) => {
                let ip = ip.header().to_header();
                assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                let sum = header.calc_checksum_ipv4(&ip, tcp.payload()).expect("a checksum");
                (std::net::IpAddr::from(ip.source), sum)
            }
            NetSlice::Ipv6(ip) => {
                let ip = ip.header().to_header();
                let sum = header.calc_checksum_ipv6(&ip, tcp.payload()).expect("a checksum");
                (std::net::IpAddr::from(ip.source), sum)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(header.checksum, checksum);
        let from = SocketAddr::new(source, header.source_port);
        let direction = if from == client { ToServer } else { ToClient };
        let all = [("S", header.syn), ("A", header.ack), ("P", header.psh), ("F", header.fin), ("R", header.rst)];
        let flags = all.iter().filter(|(_, set)| *set).map(|(flag, _)| *flag).collect();
        packets.push(Packet {
            direction,
            flags,
            sequence: header.sequence_number,
            acknowledged: header.acknowledgment_number,
            data: tcp.payload().to_vec(),
        });
    }
    packets
}

fn begin(client: &str, server: &str) -> Capture<Vec<u8>> {
    let address = |text: &str| text.parse().expect("an address");
    Capture::new(Vec::new(), address(client), address(server), at(1)).expect("a Vec takes everything")
}

#[test]
fn a_conversation_from_syn_to_fin() {
    for (client, server) in [(CLIENT, SERVER), ("[2001:db8::1]:50000", "[2001:db8::2]:8080")] {
        let mut capture = begin(client, server);
        capture.data(ToServer, b"question", at(2)).expect("written");
        capture.data(ToClient, b"answer", at(3)).expect("written");
        capture.end(ToServer, at(4)).expect("written");
        capture.end(ToServer, at(4)).expect("the second time nothing is written");
        capture.end(ToClient, at(5)).expect("written");
        let expected = [
            packet(ToServer, "S", 0, 0, b""),
            packet(ToClient, "SA", 0, 1, b""),
            packet(ToServer, "A", 1, 1, b""),
            packet(ToServer, "AP", 1, 1, b"question"),
            packet(ToClient, "A", 1, 9, b""),
            packet(ToClient, "AP", 1, 9, b"answer"),
            packet(ToServer, "A", 9, 7, b""),
            packet(ToServer, "AF", 9, 7, b""),
            packet(ToClient, "A", 7, 10, b""),
            packet(ToClient, "AF", 7, 10, b""),
            packet(ToServer, "A", 10, 8, b""),
        ];
        assert_eq!(packets(&capture.into_inner(), client), expected, "{client}");
    }
}

#[test]
fn much_data_goes_in_several_packets() {
    let data: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let mut capture = begin(CLIENT, SERVER);
    capture.data(ToClient, &data, at(2)).expect("written");
    let packets = packets(&capture.into_inner(), CLIENT);
    let sent: Vec<u8> = packets.iter().flat_map(|packet| packet.data.iter().copied()).collect();
    assert_eq!(sent, data);
    let mut next = 1;
    for packet in packets.iter().filter(|packet| packet.direction == ToClient && !packet.data.is_empty()) {
        assert_eq!(packet.sequence, next);
        next += u32::try_from(packet.data.len()).expect("small");
    }
    assert_eq!(packets.last().map(|packet| packet.acknowledged), Some(200_001));
}

#[test]
fn a_connection_may_be_torn_down() {
    let mut capture = begin(CLIENT, SERVER);
    capture.reset(ToClient, at(2)).expect("written");
    capture.end(ToServer, at(3)).expect("after a reset nothing is written");
    let packets = packets(&capture.into_inner(), CLIENT);
    assert_eq!(packets.last(), Some(&packet(ToClient, "AR", 1, 1, b"")));
}

#[test]
fn a_clock_that_is_set_back_does_not_set_the_capture_back() {
    let mut capture = begin(CLIENT, SERVER);
    capture.data(ToServer, b"a", at(5)).expect("written");
    capture.data(ToServer, b"b", at(3)).expect("written");
    assert_eq!(packets(&capture.into_inner(), CLIENT).len(), 7);
}

#[test]
fn an_ipv4_peer_of_an_ipv6_socket_is_an_ipv4_peer() {
    let capture = begin("[::ffff:192.0.2.1]:50000", "[::ffff:192.0.2.2]:8080");
    assert_eq!(packets(&capture.into_inner(), CLIENT)[0].direction, ToServer);
}

#[test]
fn an_error_of_the_writer_comes_back() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let address: SocketAddr = CLIENT.parse().expect("an address");
    let error = Capture::new(Full, address, address, at(1)).expect_err("the disk is full");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

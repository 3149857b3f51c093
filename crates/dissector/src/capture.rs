//! A file that Wireshark opens: the conversation with the TCP and IP headers that it would have had on a wire.
//!
//! ```text
//!   client                                                server
//!     │ SYN, seq 0                                          │
//!     │ ──────────────────────────────────────────────────▶ │   new
//!     │                                  SYN ACK, seq 0     │
//!     │ ◀────────────────────────────────────────────────── │
//!     │ ACK                                                 │
//!     │ ──────────────────────────────────────────────────▶ │
//!     │ bytes                                               │
//!     │ ──────────────────────────────────────────────────▶ │   data, acknowledged by the other side
//!     │                                               ACK   │
//!     │ ◀────────────────────────────────────────────────── │
//!     │ FIN ACK                                             │
//!     │ ──────────────────────────────────────────────────▶ │   end, once for each direction
//! ```
//!
//! The bytes are those that a program read and wrote, so nothing has to be sniffed and nobody has to be root; on a
//! connection with TLS they are those inside. The headers are made up: addresses and ports are the real ones, but where one
//! packet ends and the next begins is where one call of the program ended, and nothing is ever lost or repeated.

use std::{
    fmt,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use etherparse::{IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, TcpHeader};
use pcap_file::{
    DataLink, PcapError,
    pcapng::{
        PcapNgWriter,
        blocks::{
            enhanced_packet::EnhancedPacketBlock,
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
        },
    },
};

use crate::record::Direction;

/// How many bytes of data one packet carries at most: an IPv4 packet of 65,535 bytes, less 20 for IP and 20 for TCP. Linux
/// makes them as large on the loopback interface. (IPv6 has room for a few more.)
const MAX_SEGMENT: usize = 65_535 - 20 - 20;

/// The largest window that TCP knows without options. Everything is acknowledged at once, so it never fills.
const WINDOW: u16 = 65_535;

/// How many routers a packet may pass: what most systems set.
const HOPS: u8 = 64;

/// Timestamps count nanoseconds: ten to the minus ninth (`if_tsresol` of pcapng).
const NANOSECONDS: u8 = 9;

/// A capture that is being written.
///
/// Each packet goes to the writer in one piece when it is complete. Give it a [`BufWriter`](io::BufWriter) for speed, and
/// [`flush`](Self::flush) when somebody may want to look.
pub struct Capture<W: Write> {
    file: PcapNgWriter<W>,
    addresses: [SocketAddr; 2],
    /// The sequence number of the next byte of each side.
    next: [u32; 2],
    /// The sides that have sent their FIN.
    ended: [bool; 2],
    /// The time of the last packet: packets without a time get it again.
    now: Duration,
}

impl<W: Write> fmt::Debug for Capture<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("addresses", &self.addresses).field("next", &self.next).finish_non_exhaustive()
    }
}

/// Which side sends, as an index.
const fn side(direction: Direction) -> usize {
    match direction {
        Direction::ToServer => 0,
        Direction::ToClient => 1,
    }
}

/// The flags of a packet, apart from ACK.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    Push,
    Fin,
    Reset,
    None,
}

impl<W: Write> Capture<W> {
    /// Begins a capture with TCP's own handshake.
    ///
    /// A client or server whose address is of another family than the other's is given as the IPv4 address mapped to IPv6.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W, client: SocketAddr, server: SocketAddr, time: SystemTime) -> io::Result<Self> {
        let mut capture = Self {
            file: PcapNgWriter::new(writer).map_err(into_io)?,
            addresses: same_family(client, server),
            next: [0; 2],
            ended: [false; 2],
            now: since_1970(time),
        };
        let interface = InterfaceDescriptionBlock {
            // Packets begin with their IP header: the layer beneath it had nothing to say.
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
                InterfaceDescriptionOption::IfDescription("a WebSocket connection, as its program saw it".into()),
            ],
        };
        capture.file.write_pcapng_block(interface).map_err(into_io)?;
        capture.packet(Direction::ToServer, Flag::Syn, &[])?;
        capture.packet(Direction::ToClient, Flag::Syn, &[])?;
        capture.packet(Direction::ToServer, Flag::None, &[])?;
        Ok(capture)
    }

    /// Bytes that went through.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn data(&mut self, direction: Direction, bytes: &[u8], time: SystemTime) -> io::Result<()> {
        self.at(time);
        for segment in bytes.chunks(MAX_SEGMENT) {
            self.packet(direction, Flag::Push, segment)?;
            self.packet(direction.opposite(), Flag::None, &[])?;
        }
        Ok(())
    }

    /// One side will send no more: FIN. The second time for the same side nothing happens.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(&mut self, direction: Direction, time: SystemTime) -> io::Result<()> {
        if std::mem::replace(&mut self.ended[side(direction)], true) {
            return Ok(());
        }
        self.at(time);
        self.packet(direction, Flag::Fin, &[])?;
        self.packet(direction.opposite(), Flag::None, &[])
    }

    /// One side has torn the connection down: RST.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn reset(&mut self, direction: Direction, time: SystemTime) -> io::Result<()> {
        self.ended = [true; 2];
        self.at(time);
        self.packet(direction, Flag::Reset, &[])
    }

    /// Flushes the writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.get_mut().flush()
    }

    /// Gives the writer back. Nothing has to be written at the end of a capture.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.file.into_inner()
    }

    /// A clock may be set back; the packets of a capture should not be.
    fn at(&mut self, time: SystemTime) {
        self.now = self.now.max(since_1970(time));
    }

    fn packet(&mut self, direction: Direction, flag: Flag, data: &[u8]) -> io::Result<()> {
        let (from, to) = (side(direction), side(direction.opposite()));
        let [source, destination] = [self.addresses[from], self.addresses[to]];
        let mut tcp = TcpHeader::new(source.port(), destination.port(), self.next[from], WINDOW);
        // Every packet but the first acknowledges what came so far.
        if flag != Flag::Syn || direction == Direction::ToClient {
            tcp.ack = true;
            tcp.acknowledgment_number = self.next[to];
        }
        match flag {
            Flag::Syn => tcp.syn = true,
            Flag::Push => tcp.psh = true,
            Flag::Fin => tcp.fin = true,
            Flag::Reset => tcp.rst = true,
            Flag::None => {}
        }
        let mut packet = Vec::with_capacity(60 + data.len());
        write_headers(&mut packet, source.ip(), destination.ip(), tcp, data)?;
        packet.extend_from_slice(data);
        // SYN and FIN take a number each, as if they were a byte.
        let numbers = data.len() + usize::from(matches!(flag, Flag::Syn | Flag::Fin));
        // A segment is at most 65,495 bytes; the sum starts again at 0 after 2^32, as TCP's does.
        self.next[from] = self.next[from].wrapping_add(u32::try_from(numbers).unwrap_or(u32::MAX));
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: self.now,
            original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
            data: packet.into(),
            options: Vec::new(),
        };
        self.file.write_pcapng_block(block).map(drop).map_err(into_io)
    }
}

fn write_headers(
    packet: &mut Vec<u8>,
    source: IpAddr,
    destination: IpAddr,
    mut tcp: TcpHeader,
    data: &[u8],
) -> io::Result<()> {
    // Nothing is longer than MAX_SEGMENT, so these cannot happen.
    let too_long = || io::Error::other("a TCP segment does not fit its packet");
    let length = u16::try_from(usize::from(tcp.header_len_u16()) + data.len()).map_err(|_| too_long())?;
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let ip = Ipv4Header::new(length, HOPS, IpNumber::TCP, source.octets(), destination.octets());
            let mut ip = ip.map_err(|_| too_long())?;
            ip.dont_fragment = true;
            ip.header_checksum = ip.calc_header_checksum();
            tcp.checksum = tcp.calc_checksum_ipv4(&ip, data).map_err(|_| too_long())?;
            ip.write(packet)?;
        }
        (source, destination) => {
            let ip = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: length,
                next_header: IpNumber::TCP,
                hop_limit: HOPS,
                source: mapped(source),
                destination: mapped(destination),
            };
            tcp.checksum = tcp.calc_checksum_ipv6(&ip, data).map_err(|_| too_long())?;
            ip.write(packet)?;
        }
    }
    tcp.write(packet)
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// A socket that listens for both families shows an IPv4 peer as an IPv6 address. Where both are IPv4 in truth, say so.
fn same_family(client: SocketAddr, server: SocketAddr) -> [SocketAddr; 2] {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let both = [plain(client), plain(server)];
    if both.iter().all(SocketAddr::is_ipv4) { both } else { [client, server] }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn into_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

//! Captures: files for Wireshark that hold the recorded bytes in TCP packets with made-up TCP and
//! IP headers.
//!
//! ```text
//!   client                                              server
//!     │ SYN, seq 0                                        │
//!     │ ────────────────────────────────────────────────▶ │   new
//!     │                                  SYN ACK, seq 0   │
//!     │ ◀──────────────────────────────────────────────── │
//!     │ ACK                                               │
//!     │ ────────────────────────────────────────────────▶ │
//!     │ bytes                                             │
//!     │ ────────────────────────────────────────────────▶ │   data, and its acknowledgement
//!     │                                             ACK   │
//!     │ ◀──────────────────────────────────────────────── │
//!     │ FIN ACK                                           │
//!     │ ────────────────────────────────────────────────▶ │   end, for each direction
//! ```
//!
//! The program itself records the bytes that it reads and writes, so it needs no network sniffer
//! and no root privileges. On a TLS connection, these are the decrypted bytes. The addresses and
//! ports are the real ones, but the other header fields are made up: each call to [`Capture::data`]
//! becomes one or more packets, and no packet is ever lost or retransmitted.

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

/// The maximum number of data bytes in one packet: an IPv4 packet of 65,535 bytes, less 20 for the
/// IP header and 20 for the TCP header. Linux uses packets of this size on the loopback interface.
/// (An IPv6 packet could hold a few more bytes.)
const MAX_SEGMENT: usize = 65_535 - 20 - 20;

/// The TCP window in bytes: the maximum without the window scale option. Every packet is
/// acknowledged at once, so the window never fills.
const WINDOW: u16 = 65_535;

/// The maximum number of routers that a packet may pass through (time to live in IPv4, hop limit in
/// IPv6). Linux and macOS use this value.
const HOPS: u8 = 64;

/// The unit of timestamps, as the exponent of a negative power of ten: 9 means 10^-9 seconds, or
/// one nanosecond (the `if_tsresol` option of pcapng).
const NANOSECONDS: u8 = 9;

/// Writes a capture.
///
/// Each packet goes to the writer as soon as it is complete, in several small writes. For speed,
/// use a [`BufWriter`](io::BufWriter), and call [`flush`](Self::flush) before another program opens
/// the file.
pub struct Capture<W: Write> {
    file: PcapNgWriter<W>,
    addresses: [SocketAddr; 2],
    /// The sequence number of each side's next byte.
    next_sequence: [u32; 2],
    /// Whether each side has sent its FIN.
    ended: [bool; 2],
    /// The time of the last packet. The acknowledgements that the capture adds get this time too.
    now: Duration,
}

impl<W: Write> fmt::Debug for Capture<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("addresses", &self.addresses)
            .field("next_sequence", &self.next_sequence)
            .finish_non_exhaustive()
    }
}

/// Returns the index of the side that sends in this direction.
const fn sender_index(direction: Direction) -> usize {
    match direction {
        Direction::ToServer => 0,
        Direction::ToClient => 1,
    }
}

/// The flag that a packet has in addition to ACK, if any.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    Push,
    Fin,
    Reset,
    None,
}

impl<W: Write> Capture<W> {
    /// Creates a capture and writes the TCP handshake.
    ///
    /// If one address is IPv4 and the other IPv6, the IPv4 address is mapped to IPv6.
    ///
    /// # Errors
    /// Returns the errors of the writer.
    pub fn new(writer: W, client: SocketAddr, server: SocketAddr, time: SystemTime) -> io::Result<Self> {
        let mut capture = Self {
            file: PcapNgWriter::new(writer).map_err(into_io)?,
            addresses: same_family(client, server),
            next_sequence: [0; 2],
            ended: [false; 2],
            now: since_1970(time),
        };
        let interface = InterfaceDescriptionBlock {
            // There is no link layer, so packets begin with their IP header.
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

    /// Writes bytes that were sent in this direction, and adds the packets that acknowledge them.
    ///
    /// # Errors
    /// Returns the errors of the writer.
    pub fn data(&mut self, direction: Direction, bytes: &[u8], time: SystemTime) -> io::Result<()> {
        self.advance_clock(time);
        for segment in bytes.chunks(MAX_SEGMENT) {
            self.packet(direction, Flag::Push, segment)?;
            self.packet(direction.opposite(), Flag::None, &[])?;
        }
        Ok(())
    }

    /// Ends one direction by writing a FIN, because its sender will send nothing more. Further
    /// calls for the same direction write nothing.
    ///
    /// # Errors
    /// Returns the errors of the writer.
    pub fn end(&mut self, direction: Direction, time: SystemTime) -> io::Result<()> {
        if std::mem::replace(&mut self.ended[sender_index(direction)], true) {
            return Ok(());
        }
        self.advance_clock(time);
        self.packet(direction, Flag::Fin, &[])?;
        self.packet(direction.opposite(), Flag::None, &[])
    }

    /// Ends both directions by writing an RST, because the sender of this direction has aborted the
    /// connection.
    ///
    /// # Errors
    /// Returns the errors of the writer.
    pub fn reset(&mut self, direction: Direction, time: SystemTime) -> io::Result<()> {
        self.ended = [true; 2];
        self.advance_clock(time);
        self.packet(direction, Flag::Reset, &[])
    }

    /// Flushes the writer.
    ///
    /// # Errors
    /// Returns the errors of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.get_mut().flush()
    }

    /// Returns the writer. A pcapng file needs no trailer, so nothing is written.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.file.into_inner()
    }

    /// Sets the time of the next packets to `time`. If the system clock was set back, keeps the
    /// previous time instead, so that the packets remain in chronological order.
    fn advance_clock(&mut self, time: SystemTime) {
        self.now = self.now.max(since_1970(time));
    }

    fn packet(&mut self, direction: Direction, flag: Flag, data: &[u8]) -> io::Result<()> {
        let (from, to) = (sender_index(direction), sender_index(direction.opposite()));
        let [source, destination] = [self.addresses[from], self.addresses[to]];
        let mut tcp = TcpHeader::new(source.port(), destination.port(), self.next_sequence[from], WINDOW);
        // Every packet except the client's SYN acknowledges the bytes that the other side has sent
        // so far. The client's SYN is the first packet, so it has nothing to acknowledge.
        if flag != Flag::Syn || direction == Direction::ToClient {
            tcp.ack = true;
            tcp.acknowledgment_number = self.next_sequence[to];
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
        // SYN and FIN each use up one sequence number, as a data byte does.
        let sequence_length = data.len() + usize::from(matches!(flag, Flag::Syn | Flag::Fin));
        // The conversion cannot fail, because a segment has at most 65,495 bytes. The addition
        // wraps around, because the sequence numbers of TCP wrap around at 2^32.
        self.next_sequence[from] =
            self.next_sequence[from].wrapping_add(u32::try_from(sequence_length).unwrap_or(u32::MAX));
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
    // No segment is longer than MAX_SEGMENT, so this error cannot occur.
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

/// Returns both addresses as IPv4 if each is IPv4 or an IPv4-mapped IPv6 address, which is how a
/// dual-stack socket reports an IPv4 peer. Returns any other pair unchanged: its packets are
/// written as IPv6, and [`mapped`] converts an IPv4 address in the pair.
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

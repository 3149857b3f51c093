//! DEFLATE (RFC 1951) once more, slow and simple, so that what the crate's compressor makes is judged by somebody else:
//! this reader also tells how far back the data refer. And a writer for data that no compressor would make.

use protocol::{
    DeflateOptions, Limits, NegotiatedDeflate,
    handshake::{Established, UpgradeOptions},
};

use super::head::{Head, NONCE, ask, client_judges, server_judges};

/// What the two sides agree on when a client with `client` asks a server with `server`: the client's view and the
/// server's. Both come from heads that went through the whole handshake.
#[track_caller]
pub(crate) fn agree(client: &DeflateOptions, server: &DeflateOptions) -> (NegotiatedDeflate, NegotiatedDeflate) {
    let request = ask().deflate(client.clone());
    let bytes = request.clone().handshake(NONCE, Limits::DEFAULT).request_bytes();
    let line = header_line(std::str::from_utf8(&bytes).expect("ASCII"));
    let upgrade = server_judges(&Head::request().with(line)).expect("it is right");
    let choice = UpgradeOptions { deflate: Some(server.clone()), ..UpgradeOptions::default() };
    let accepted = upgrade.accept(choice).expect("nothing is in the way");
    let compression = accepted.compression.expect("the offer can be met");
    let line = format!("Sec-WebSocket-Extensions: {}", accepted.extensions[0]);
    let Established { compression: of_client, .. } =
        client_judges(request, &Head::response().with(line)).expect("it is right");
    (of_client.expect("it was accepted"), compression)
}

/// The line that names the extensions.
pub(crate) fn header_line(head: &str) -> String {
    let mut lines = head.split("\r\n").filter(|line| line.starts_with("Sec-WebSocket-Extensions:"));
    lines.next().expect("there is one").to_owned()
}

/// What a reader of a payload finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Inflated {
    /// All that was inflated so far, in this message and those before.
    pub(crate) window: Vec<u8>,
    /// The greatest distance.
    pub(crate) farthest: usize,
    /// BFINAL and BTYPE of each block.
    pub(crate) blocks: Vec<(bool, u8)>,
}

impl Inflated {
    /// Reads a message's payload, to which the four bytes have been added; gives what is new.
    pub(crate) fn read(&mut self, payload: &[u8]) -> Vec<u8> {
        let before = self.window.len();
        let data = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut bits = Bits { data: &data, at: 0 };
        while bits.at < data.len() * 8 {
            let last = bits.take(1) == 1;
            let kind = u8::try_from(bits.take(2)).unwrap();
            self.blocks.push((last, kind));
            match kind {
                0 => self.stored(&mut bits),
                1 => self.compressed(&mut bits, &fixed_literals(), &[5; 30]),
                2 => {
                    let (literals, distances) = tables(&mut bits);
                    self.compressed(&mut bits, &literals, &distances);
                }
                _ => panic!("block type 3"),
            }
            if last {
                bits.align();
            }
        }
        self.window[before..].to_vec()
    }

    fn stored(&mut self, bits: &mut Bits<'_>) {
        bits.align();
        let (length, complement) = (bits.take(16), bits.take(16));
        assert_eq!(length, !complement & 0xFFFF, "a length and its complement");
        for _ in 0..length {
            self.window.push(u8::try_from(bits.take(8)).unwrap());
        }
    }

    fn compressed(&mut self, bits: &mut Bits<'_>, literals: &[u8], distances: &[u8]) {
        let (literals, distances) = (Codes::new(literals), Codes::new(distances));
        loop {
            let symbol = literals.next(bits);
            match symbol {
                0..=255 => self.window.push(u8::try_from(symbol).unwrap()),
                256 => return,
                _ => {
                    let (base, extra) = LENGTHS[symbol - 257];
                    let length = base + bits.take(extra);
                    let (base, extra) = DISTANCES[distances.next(bits)];
                    let distance = base + bits.take(extra);
                    self.farthest = self.farthest.max(distance);
                    assert!(distance <= self.window.len(), "{distance} back and there are {}", self.window.len());
                    for _ in 0..length {
                        self.window.push(self.window[self.window.len() - distance]);
                    }
                }
            }
        }
    }
}

/// Length codes 257 to 285: the least length and the number of extra bits.
#[rustfmt::skip]
const LENGTHS: [(usize, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];

/// Distance codes: the least distance and the number of extra bits.
#[rustfmt::skip]
const DISTANCES: [(usize, u32); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

fn fixed_literals() -> Vec<u8> {
    [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat()
}

/// The code lengths of a block with codes of its own.
fn tables(bits: &mut Bits<'_>) -> (Vec<u8>, Vec<u8>) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances, used) = (257 + bits.take(5), 1 + bits.take(5), 4 + bits.take(4));
    let mut lengths = [0; 19];
    for place in &ORDER[..used] {
        lengths[*place] = u8::try_from(bits.take(3)).unwrap();
    }
    let codes = Codes::new(&lengths);
    let mut all: Vec<u8> = Vec::new();
    while all.len() < literals + distances {
        let (value, times) = match codes.next(bits) {
            16 => (*all.last().expect("something to repeat"), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (u8::try_from(length).unwrap(), 1),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    (all[..literals].to_vec(), all[literals..].to_vec())
}

/// Canonical Huffman codes: how many there are of each length, and the symbols in the order of their codes.
struct Codes {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Codes {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Self { counts, symbols }
    }

    fn next(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut passed) = (0, 0, 0);
        for count in &self.counts[1..] {
            code = code << 1 | bits.take(1);
            first <<= 1;
            if code < first + count {
                return self.symbols[passed + code - first];
            }
            first += count;
            passed += count;
        }
        panic!("no such code");
    }
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> usize {
        (0..count).fold(0, |value, place| {
            let bit = self.data[self.at / 8] >> (self.at % 8) & 1;
            self.at += 1;
            value | usize::from(bit) << place
        })
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

/// A stored block: `data` as they are. Not final.
pub(crate) fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a stored block holds 65535 bytes");
    [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), data].concat()
}

/// A payload that repeats three bytes from 32,768 bytes back, the farthest that DEFLATE can refer to: one block with
/// fixed codes, and the byte with which the empty block begins.
pub(crate) fn from_far_back() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    number(&mut bits, 0b010, 3); // BFINAL 0, BTYPE 01
    code(&mut bits, 1, 7); // 257: a length of 3
    code(&mut bits, 29, 5); // distances from 24577 on
    number(&mut bits, 32768 - 24577, 13);
    code(&mut bits, 0, 7); // 256: the end of the block
    number(&mut bits, 0, 3); // BFINAL 0, BTYPE 00
    bytes(&bits)
}

/// A block with codes of its own that ends before its tables do. The four bytes 00 00 FF FF behind it are taken for the rest
/// of them and for the beginning of data, and empty blocks behind those for one more byte and for empty blocks again.
pub(crate) fn cut_in_its_tables() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    number(&mut bits, 0b100, 3); // BFINAL 0, BTYPE 10
    number(&mut bits, 271 - 257, 5); // literals and lengths
    number(&mut bits, 30 - 1, 5); // distances
    number(&mut bits, 18 - 4, 4);
    // The codes: 0 for a length of 0, 100 and 101 for 1 and 2, and 111 for "the last length again".
    for length in [3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0, 3] {
        number(&mut bits, length, 3);
    }
    for symbol in 0..271 + 30 - 34 {
        match symbol {
            // Two bytes, with the codes 10 and 11.
            0 | 1 => code(&mut bits, 0b101, 3),
            // The end of the block, with the code 0.
            256 => code(&mut bits, 0b100, 3),
            _ => code(&mut bits, 0, 1),
        }
    }
    // Added: 16 zeros for as many lengths, and 15 ones for 18 more: 111 and 11, "six times again", thrice. Then 10, a
    // byte; 0, the end of the block; and 000, the beginning of an empty one.
    assert!(bits.len().is_multiple_of(8));
    bytes(&bits)
}

/// Numbers go in with the low bit first.
fn number(bits: &mut Vec<bool>, value: usize, count: u32) {
    bits.extend((0..count).map(|at| value >> at & 1 == 1));
}

/// Codes go in with the high bit first.
fn code(bits: &mut Vec<bool>, value: usize, count: u32) {
    bits.extend((0..count).rev().map(|at| value >> at & 1 == 1));
}

fn bytes(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | u8::from(*bit) << at)).collect()
}

//! A second DEFLATE decoder (RFC 1951), slow and simple.
//!
//! It shares no code with the `protocol` crate, whose compressor it checks, and it records how far
//! back the compressed data refers.

/// Decompresses messages and records the structure of their payloads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferenceInflater {
    /// All bytes decompressed so far, from every message.
    pub window: Vec<u8>,
    /// The greatest distance of a back-reference so far.
    pub farthest: usize,
    /// BFINAL and BTYPE of each block so far.
    pub blocks: Vec<(bool, u8)>,
}

impl ReferenceInflater {
    /// Appends to a message's payload the four bytes that the sender removed, and decompresses the
    /// result. Returns the message.
    pub fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        let before = self.window.len();
        let data = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut bits = BitReader { data: &data, at: 0 };
        while bits.at < data.len() * 8 {
            let last = bits.take(1) == 1;
            let block_type = narrow(bits.take(2));
            self.blocks.push((last, block_type));
            match block_type {
                0 => self.stored(&mut bits),
                1 => self.compressed(&mut bits, &fixed_literals(), &[5; 30]),
                2 => {
                    let (literals, distances) = code_lengths(&mut bits);
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

    fn stored(&mut self, bits: &mut BitReader<'_>) {
        bits.align();
        let (length, complement) = (bits.take(16), bits.take(16));
        assert_eq!(length, !complement & 0xFFFF, "a length and its complement");
        for _ in 0..length {
            self.window.push(narrow(bits.take(8)));
        }
    }

    fn compressed(&mut self, bits: &mut BitReader<'_>, literals: &[u8], distances: &[u8]) {
        let (literals, distances) = (HuffmanCode::new(literals), HuffmanCode::new(distances));
        loop {
            let symbol = literals.next(bits);
            match symbol {
                0..=255 => self.window.push(narrow(symbol)),
                256 => return,
                _ => {
                    let (base, extra) = LENGTHS[symbol - 257];
                    let length = base + bits.take(extra);
                    let (base, extra) = DISTANCES[distances.next(bits)];
                    let distance = base + bits.take(extra);
                    self.farthest = self.farthest.max(distance);
                    assert!(distance <= self.window.len(), "{distance} back in {} bytes", self.window.len());
                    for _ in 0..length {
                        self.window.push(self.window[self.window.len() - distance]);
                    }
                }
            }
        }
    }
}

fn narrow(value: usize) -> u8 {
    u8::try_from(value).expect("at most eight bits")
}

/// For each length code from 257 to 285: the smallest length, and the number of extra bits.
#[rustfmt::skip]
const LENGTHS: [(usize, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];

/// For each distance code: the smallest distance, and the number of extra bits.
#[rustfmt::skip]
const DISTANCES: [(usize, u32); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

fn fixed_literals() -> Vec<u8> {
    [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat()
}

/// Reads the code lengths at the start of a block with dynamic codes. Returns the lengths of the
/// literal and length codes, and those of the distance codes.
fn code_lengths(bits: &mut BitReader<'_>) -> (Vec<u8>, Vec<u8>) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances, used) = (257 + bits.take(5), 1 + bits.take(5), 4 + bits.take(4));
    let mut lengths = [0; 19];
    for symbol in &ORDER[..used] {
        lengths[*symbol] = narrow(bits.take(3));
    }
    let codes = HuffmanCode::new(&lengths);
    let mut all: Vec<u8> = Vec::new();
    while all.len() < literals + distances {
        let (value, times) = match codes.next(bits) {
            16 => (*all.last().expect("a length to repeat"), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (narrow(length), 1),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    (all[..literals].to_vec(), all[literals..].to_vec())
}

/// A canonical Huffman code: the number of codes of each length, and the symbols in the order of
/// their codes.
struct HuffmanCode {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl HuffmanCode {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Self { counts, symbols }
    }

    fn next(&self, bits: &mut BitReader<'_>) -> usize {
        let (mut code, mut first, mut skipped) = (0, 0, 0);
        for count in &self.counts[1..] {
            code = code << 1 | bits.take(1);
            first <<= 1;
            if code < first + count {
                return self.symbols[skipped + code - first];
            }
            first += count;
            skipped += count;
        }
        panic!("no symbol has this code");
    }
}

struct BitReader<'a> {
    data: &'a [u8],
    /// The position of the next bit, counted from the low bit of the first byte.
    at: usize,
}

impl BitReader<'_> {
    fn take(&mut self, count: u32) -> usize {
        (0..count).fold(0, |value, position| {
            let bit = self.data[self.at / 8] >> (self.at % 8) & 1;
            self.at += 1;
            value | usize::from(bit) << position
        })
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

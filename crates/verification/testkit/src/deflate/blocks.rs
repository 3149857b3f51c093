//! DEFLATE blocks written bit by bit (RFC 1951), some of which no compressor would produce.

/// Returns a stored block that contains `data`, with BFINAL unset.
#[must_use]
pub fn stored_block(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a stored block holds at most 65,535 bytes");
    [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), data].concat()
}

/// Returns a payload that repeats three bytes from 32,768 bytes back, the maximum distance in
/// DEFLATE. The payload consists of one block with fixed codes and the header of an empty stored
/// block, whose other four bytes the sender has removed (RFC 7692, section 7.2.1).
#[must_use]
pub fn far_back_reference() -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.number(0b010, 3); // BFINAL 0, BTYPE 01
    bits.code(1, 7); // symbol 257: a length of 3
    bits.code(29, 5); // distance code 29: the distances from 24577 on
    bits.number(32768 - 24577, 13);
    bits.code(0, 7); // symbol 256: the end of the block
    bits.number(0, 3); // BFINAL 0, BTYPE 00
    bits.bytes()
}

/// Returns a block with dynamic codes that is cut off inside its code tables.
///
/// A decoder appends the four bytes 00 00 FF FF to the payload, and decodes them as the rest of the
/// tables and the start of the data. It may then append empty blocks in order to find the end of
/// the data. However, it decodes the bits of these blocks as one more byte of data, the end of the
/// block, and further empty blocks.
#[must_use]
pub fn truncated_code_tables() -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.number(0b100, 3); // BFINAL 0, BTYPE 10
    bits.number(271 - 257, 5); // the number of codes for literals and lengths
    bits.number(30 - 1, 5); // the number of codes for distances
    bits.number(18 - 4, 4);
    // The lengths of the codes that encode the code lengths. They result in the code 0 for the
    // length 0, the codes 100 and 101 for the lengths 1 and 2, and the code 111 for "repeat the
    // last length".
    for length in [3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0, 3] {
        bits.number(length, 3);
    }
    for symbol in 0..271 + 30 - 34 {
        match symbol {
            // Give the literals 0 and 1 the length 2, so that their codes are 10 and 11.
            0 | 1 => bits.code(0b101, 3),
            // Give the end-of-block symbol the length 1, so that its code is 0.
            256 => bits.code(0b100, 3),
            _ => bits.code(0, 1),
        }
    }
    // The payload must end at a byte boundary, so that its bits are followed directly by the four
    // bytes that a decoder appends. The decoder then reads these bytes as the 34 missing lengths
    // and the start of the data. The 16 zero bits are 16 lengths of 0. The first 15 one bits are 18
    // more lengths: three times the bits 111 11, which mean "repeat the last length six times". If
    // empty blocks follow, the next bits are 10, a literal; 0, the end of the block; and 000, the
    // start of an empty block.
    assert!(bits.0.len().is_multiple_of(8));
    bits.bytes()
}

/// Bits in the order of transmission.
#[derive(Default)]
struct BitWriter(Vec<bool>);

impl BitWriter {
    /// Appends a number, low bit first.
    fn number(&mut self, value: usize, count: u32) {
        self.0.extend((0..count).map(|at| value >> at & 1 == 1));
    }

    /// Appends a Huffman code, high bit first.
    fn code(&mut self, value: usize, count: u32) {
        self.0.extend((0..count).rev().map(|at| value >> at & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at);
        self.0.chunks(8).map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{far_back_reference, stored_block};
    use crate::{deflate::ReferenceInflater, hex::hex};

    #[test]
    fn the_reference_inflater_reads_the_examples_of_rfc_7692() {
        let mut inflater = ReferenceInflater::default();
        assert_eq!(inflater.inflate(&hex("f2 48 cd c9 c9 07 00")), b"Hello");
        assert_eq!(inflater.inflate(&hex("f2 00 11 00 00")), b"Hello");
        assert_eq!((inflater.farthest, &inflater.window[..]), (5, &b"HelloHello"[..]));
    }

    #[test]
    fn a_reference_can_reach_the_start_of_a_full_window() {
        let mut inflater = ReferenceInflater::default();
        let window: Vec<u8> = (0..=255).cycle().take(32_768).collect();
        assert_eq!(inflater.inflate(&[&stored_block(&window)[..], &[0]].concat()), window);
        assert_eq!(inflater.inflate(&far_back_reference()), [0, 1, 2]);
        assert_eq!(inflater.farthest, 32_768);
    }
}

//! Cutting bytes as a network might.

/// Cuts `bytes` into pieces of 1 to 16 bytes, or 1 to 256, in a way that `seed` decides.
pub fn pieces(mut seed: u32, mut bytes: &[u8]) -> Vec<&[u8]> {
    let longest = if seed & 1 == 0 { 16 } else { 256 };
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        // One step of a linear congruential generator; its upper bits are the better ones.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = 1 + (seed >> 16) as usize % longest;
        let (piece, rest) = bytes.split_at(len.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Takes four bytes off the front of an input, for [`pieces`].
pub fn seed(input: &[u8]) -> Option<(u32, &[u8])> {
    let (seed, rest) = input.split_first_chunk()?;
    Some((u32::from_le_bytes(*seed), rest))
}

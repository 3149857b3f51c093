//! Splits bytes into pieces that arrive in separate reads, as on a network.

/// Splits `bytes` into pieces of 1 to 16 bytes, or of 1 to 256 bytes. `seed` determines the range
/// and the sizes.
pub fn pieces(mut seed: u32, mut bytes: &[u8]) -> Vec<&[u8]> {
    let longest = if seed & 1 == 0 { 16 } else { 256 };
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        // Advance a linear congruential generator by one step. Use its upper bits, which are more
        // random than the lower ones.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = 1 + (seed >> 16) as usize % longest;
        let (piece, rest) = bytes.split_at(len.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Takes the seed for [`pieces`] from the first four bytes of an input. Returns the seed and the
/// remaining bytes, or `None` if the input is too short.
pub fn seed(input: &[u8]) -> Option<(u32, &[u8])> {
    let (seed, rest) = input.split_first_chunk()?;
    Some((u32::from_le_bytes(*seed), rest))
}

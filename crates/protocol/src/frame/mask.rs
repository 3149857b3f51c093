//! Masking: a client XORs every payload byte with a key that the author of the data cannot predict
//! (section 5.3).
//!
//! ```text
//!   payload   H    e    l    l    o             48 65 6c 6c 6f
//!   key       37   fa   21   3d   37 ...    XOR 37 fa 21 3d 37
//!                                               --------------
//!   on the wire                                 7f 9f 4d 51 58
//! ```
//!
//! Masking is not encryption, because the key is in the header of the frame. Masking protects third
//! parties. A script in a web page chooses the data but not the key, so it cannot make the bytes on
//! the wire look like an HTTP request. Without the mask, the script could trick a proxy that does
//! not understand the upgrade into caching an attacker's response (section 10.3).
//!
//! Applying XOR twice restores the payload, so one function masks and unmasks.

/// The four bytes of the key in the header of a masked frame (section 5.3).
///
/// Each key is used for only one frame, and comes from a source that an attacker cannot predict.
/// This crate has no source of randomness, so the caller supplies the keys: see [`MaskingKeys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskingKey(pub [u8; 4]);

impl MaskingKey {
    /// Returns the key rotated so that it fits the payload from byte `offset` onwards.
    ///
    /// Byte `i` of a payload is combined with key byte `i % 4`. A frame can arrive in several
    /// reads, and a later read rarely starts at a multiple of four, so the key must be rotated to
    /// match.
    #[must_use]
    pub const fn at(self, offset: usize) -> Self {
        // In little-endian order, the first byte of the key is the lowest byte of the number.
        // Rotating the number right by eight bits therefore moves that byte to the end of the key.
        let bits = [0, 8, 16, 24][offset % 4];
        Self(u32::from_le_bytes(self.0).rotate_right(bits).to_le_bytes())
    }
}

/// A source of masking keys for a client: one new key for each frame.
///
/// Any closure that returns a key implements this trait. A real client uses a cryptographically
/// strong generator, as sections 5.3 and 10.3 require. A test can return the RFC's example key and
/// then compare whole frames byte for byte.
pub trait MaskingKeys: Send {
    /// Returns the key of the next frame.
    fn next_key(&mut self) -> MaskingKey;
}

impl<F: FnMut() -> MaskingKey + Send> MaskingKeys for F {
    fn next_key(&mut self) -> MaskingKey {
        self()
    }
}

/// The minimum payload length, in bytes, at which it pays to look up which vector instructions the
/// processor supports. The lookup takes a nanosecond or two.
#[cfg(feature = "simd")]
const LONG: usize = 1 << 10;

/// The number of bytes that one step of [`mask_by_words`] processes.
///
/// The compiler turns each step into operations on two SSE2 vectors or on one AVX2 vector. In
/// measurements with SSE2, steps of 8 and 16 bytes were slower. AVX-512 is not one of the targets,
/// because it gains nothing: for 16 KiB, the same loop took 211 ns with it, and 188 ns with AVX2.
const STEP: usize = 32;

/// Combines `payload` with `key` by XOR in place, starting with the key's first byte (section 5.3).
///
/// ```
/// use protocol::frame::{MaskingKey, apply_mask};
///
/// let key = MaskingKey([0x37, 0xFA, 0x21, 0x3D]);
/// let mut payload = *b"Hello";
/// apply_mask(&mut payload, key);
/// assert_eq!(payload, [0x7F, 0x9F, 0x4D, 0x51, 0x58]);
/// apply_mask(&mut payload, key);
/// assert_eq!(&payload, b"Hello");
/// ```
///
/// The same function masks and unmasks. If a payload arrives in pieces, rotate the key with
/// [`MaskingKey::at`].
#[inline]
pub fn apply_mask(payload: &mut [u8], key: MaskingKey) {
    #[cfg(feature = "simd")]
    if payload.len() >= LONG {
        return mask_by_vectors(payload, key);
    }
    mask_by_words(payload, key);
}

/// Does the same as [`mask_by_words`], but is compiled twice, the second time for processors with
/// AVX2. Without that second version, a program built for any x86-64 processor could use only the
/// 16-byte vectors of SSE2.
#[cfg(feature = "simd")]
#[multiversion::multiversion(targets("x86_64+avx2"))]
fn mask_by_vectors(payload: &mut [u8], key: MaskingKey) {
    mask_by_words(payload, key);
}

// This function is inlined into its two callers above, so that the loop is compiled once for each
// caller's instruction set.
#[inline(always)]
#[allow(clippy::inline_always)]
fn mask_by_words(payload: &mut [u8], key: MaskingKey) {
    // The rule is `byte[i] ^= key[i % 4]`. A loop over the bytes would cost at least one
    // instruction per byte, so mask whole words of eight bytes instead. Two copies of the key fill
    // a word, so each word begins with the key's first byte again.
    let [a, b, c, d] = key.0;
    let word_key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mask_word = |word: &mut [u8; 8]| *word = (u64::from_ne_bytes(*word) ^ word_key).to_ne_bytes();

    let (steps, mut rest) = payload.as_chunks_mut::<STEP>();
    for step in steps {
        step.as_chunks_mut().0.iter_mut().for_each(mask_word);
    }
    // Less than one step remains. Mask half a step, then a word, then half a word, if enough bytes
    // remain for each, and finally up to three single bytes. Most messages are shorter than one
    // step, so use branches, which are faster here than a loop.
    if rest.len() >= STEP / 2 {
        let (half, tail) = rest.split_at_mut(STEP / 2);
        half.as_chunks_mut().0.iter_mut().for_each(mask_word);
        rest = tail;
    }
    let (words, rest) = rest.as_chunks_mut();
    if let Some(word) = words.first_mut() {
        mask_word(word);
    }
    let (half_words, rest) = rest.as_chunks_mut();
    if let Some(half) = half_words.first_mut() {
        *half = (u32::from_ne_bytes(*half) ^ u32::from_ne_bytes(key.0)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.0) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: MaskingKey = MaskingKey([0x37, 0xFA, 0x21, 0x3D]);

    /// Masks the payload one byte at a time, as section 5.3 describes.
    fn apply_mask_byte_by_byte(payload: &mut [u8], key: MaskingKey) {
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte ^= key.0[i % 4];
        }
    }

    #[test]
    fn hello_is_masked_as_in_section_5_7() {
        let mut payload = *b"Hello";
        apply_mask(&mut payload, KEY);
        assert_eq!(payload, [0x7F, 0x9F, 0x4D, 0x51, 0x58]);
        apply_mask(&mut payload, KEY);
        assert_eq!(&payload, b"Hello", "masking twice gives the payload back");
    }

    #[test]
    fn every_length_and_alignment_agrees_with_the_rule() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        for start in 0..8 {
            for len in 0..200 {
                let mut fast = bytes.clone();
                let mut plain = bytes.clone();
                apply_mask(&mut fast[start..start + len], KEY);
                apply_mask_byte_by_byte(&mut plain[start..start + len], KEY);
                assert_eq!(fast, plain, "start {start}, length {len}");
            }
        }
    }

    #[test]
    fn long_payloads_agree_with_the_rule() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * LONG).collect();
        for start in 0..8 {
            for len in (LONG - 4..LONG + 70).chain(2 * LONG + 1..2 * LONG + 9) {
                let mut fast = bytes.clone();
                let mut plain = bytes.clone();
                apply_mask(&mut fast[start..start + len], KEY);
                apply_mask_byte_by_byte(&mut plain[start..start + len], KEY);
                assert!(fast == plain, "start {start}, length {len}");
            }
        }
    }

    #[test]
    fn a_payload_in_pieces_is_masked_like_the_whole() {
        let whole: Vec<u8> = (0..100).collect();
        let mut expected = whole.clone();
        apply_mask(&mut expected, KEY);
        for cut in 0..=whole.len() {
            let mut pieces = whole.clone();
            let (first, second) = pieces.split_at_mut(cut);
            apply_mask(first, KEY);
            apply_mask(second, KEY.at(cut));
            assert_eq!(pieces, expected, "cut at {cut}");
        }
    }
}

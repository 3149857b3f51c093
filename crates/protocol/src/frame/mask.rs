//! Masking: every payload byte of a client is combined (XOR) with a key that its author cannot foresee (section 5.3).
//!
//! ```text
//!   payload   H    e    l    l    o             48 65 6c 6c 6f
//!   key       37   fa   21   3d   37 ...    XOR 37 fa 21 3d 37
//!                                               --------------
//!   on the wire                                 7f 9f 4d 51 58
//! ```
//!
//! It is not encryption: the key travels in the frame's own header. It protects third parties. A script in a web page
//! chooses what it sends but not the key, so it cannot make the bytes on the wire look like an HTTP request and fool a
//! proxy that never understood the upgrade into caching an attacker's answer (section 10.3).
//!
//! XOR undoes itself, so one function both masks and unmasks.

use fearless_simd::{Level, dispatch, prelude::*};

/// The four bytes that a masked frame carries in its header (section 5.3).
///
/// A key is used for one frame only and comes from a source that an attacker cannot predict. This crate has no source
/// of randomness, so keys are handed in: see [`MaskingKeys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaskingKey(pub [u8; 4]);

impl MaskingKey {
    /// The key for a payload that goes on after `offset` bytes were already treated.
    ///
    /// Byte `i` of a payload meets key byte `i % 4`. A frame arrives in as many reads as the network likes, and the
    /// second read rarely starts at a multiple of four.
    #[must_use]
    pub const fn at(self, offset: usize) -> Self {
        // Little-endian, so that the first byte is the lowest, and turning the number right drops it to the end.
        let bits = [0, 8, 16, 24][offset % 4];
        Self(u32::from_le_bytes(self.0).rotate_right(bits).to_le_bytes())
    }
}

/// Where a client's masking keys come from: one new key for each frame.
///
/// Any closure that returns a key will do. A real client draws from a cryptographically strong generator (sections 5.3
/// and 10.3 ask for it); a test returns the RFC's example key and can then compare whole frames byte for byte.
pub trait MaskingKeys: Send {
    /// The key of the next frame.
    fn next_key(&mut self) -> MaskingKey;
}

impl<F: FnMut() -> MaskingKey + Send> MaskingKeys for F {
    fn next_key(&mut self) -> MaskingKey {
        self()
    }
}

/// From this length on, in bytes, it pays to find out what vectors the processor has, which takes a nanosecond or two.
const LONG: usize = 1 << 10;

/// How many bytes one step of [`mask_by_words`] treats.
///
/// The compiler turns a step into vector instructions: two of SSE2, one of AVX2. Measured for both: 16 and 8 are slower
/// with SSE2, and 64 is seven times as slow with AVX-512, for which the compiler then finds a bad plan.
const STEP: usize = 32;

/// Combines `payload` with `key` by XOR in place, from the key's first byte on (section 5.3).
///
/// Masks and unmasks alike. For a payload that arrives in pieces, give the key as rotated by [`MaskingKey::at`].
#[inline]
pub fn apply_mask(payload: &mut [u8], key: MaskingKey) {
    if payload.len() < LONG {
        mask_by_words(payload, key);
    } else {
        dispatch!(Level::new(), simd => mask_by_vectors(simd, payload, key));
    }
}

/// With vectors as long as this processor's are. A program that is built for any x86-64 has them of 16 bytes otherwise.
#[inline(always)] // into the place where the compiler knows what the processor can do
#[allow(clippy::inline_always)]
fn mask_by_vectors<S: Simd>(simd: S, payload: &mut [u8], key: MaskingKey) {
    let vector_key: S::u8s = S::u32s::splat(simd, u32::from_ne_bytes(key.0)).bitcast();
    // A vector's length is a multiple of four, so each begins with the key's first byte again.
    let mut vectors = payload.chunks_exact_mut(S::u8s::LEN);
    for vector in &mut vectors {
        (S::u8s::from_slice(simd, vector) ^ vector_key).store_slice(vector);
    }
    mask_by_words(vectors.into_remainder(), key);
}

#[inline]
fn mask_by_words(payload: &mut [u8], key: MaskingKey) {
    // The rule says `byte[i] ^= key[i % 4]`. Written like that it would cost an instruction or more for each byte. Two
    // keys side by side fill a word of eight bytes, and since eight is a multiple of four, each word begins with the
    // key's first byte again.
    let [a, b, c, d] = key.0;
    let word_key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mask_word = |word: &mut [u8; 8]| *word = (u64::from_ne_bytes(*word) ^ word_key).to_ne_bytes();

    let (steps, mut rest) = payload.as_chunks_mut::<STEP>();
    for step in steps {
        step.as_chunks_mut().0.iter_mut().for_each(mask_word);
    }
    // Less than a step is left: half of one or not, a word or not, half a word or not, and three bytes at most. Chosen like
    // this and not in a loop, because most messages are short and have nothing but a rest.
    if rest.len() >= STEP / 2 {
        let (half, behind) = rest.split_at_mut(STEP / 2);
        half.as_chunks_mut().0.iter_mut().for_each(mask_word);
        rest = behind;
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

    /// The rule as section 5.3 words it, one byte at a time.
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

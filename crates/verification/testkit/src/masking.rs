//! The masking rule of section 5.3, and sources of masking keys for clients.

use std::collections::VecDeque;

use protocol::frame::{MaskingKey, MaskingKeys};

/// The masking key of the examples in section 5.7.
pub const EXAMPLE_KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// The key 00000000, which leaves a payload readable.
pub const ZERO_KEY: [u8; 4] = [0; 4];

/// Applies the rule of section 5.3 one byte at a time: byte `i` is combined by XOR with byte `i mod
/// 4` of the key.
#[must_use]
pub fn xor_with_key(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
}

/// Returns a source that yields these keys in order. The source panics if it is asked for another
/// key after the last one.
#[must_use]
pub fn scripted_keys(keys: &[[u8; 4]]) -> Box<dyn MaskingKeys> {
    let mut keys: VecDeque<MaskingKey> = keys.iter().copied().map(MaskingKey).collect();
    Box::new(move || keys.pop_front().expect("no further frame draws a masking key"))
}

/// Returns a source that yields these keys in order, and repeats the sequence without end.
#[must_use]
pub fn cycled_keys(keys: &[[u8; 4]]) -> Box<dyn MaskingKeys> {
    let mut keys: VecDeque<[u8; 4]> = keys.iter().copied().collect();
    Box::new(move || {
        let key = keys[0];
        keys.rotate_left(1);
        MaskingKey(key)
    })
}

/// Returns a source that yields the same key for every frame.
#[must_use]
pub fn repeated_key(key: [u8; 4]) -> Box<dyn MaskingKeys> {
    Box::new(move || MaskingKey(key))
}

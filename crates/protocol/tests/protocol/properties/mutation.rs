//! Random changes to valid bytes.

use proptest::{collection::vec, prelude::*, sample::Index};

/// One change to a sequence of bytes.
#[derive(Debug, Clone)]
pub(super) enum Mutation {
    FlipBits(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Truncate(Index),
    /// Appends a copy of some of the bytes.
    Repeat(Index, usize),
}

pub(super) fn any_mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => (any::<Index>(), 0..8_u32).prop_map(|(at, bit)| Mutation::FlipBits(at, 1 << bit)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        2 => (any::<Index>(), 1..4_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        1 => (any::<Index>(), 1..20_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
    ]
}

impl Mutation {
    /// Applies the change. Leaves an empty sequence as it is.
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::FlipBits(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            Self::Insert(at, inserted) => {
                let at = at.index(bytes.len());
                drop(bytes.splice(at..at, inserted.iter().copied()));
            }
            Self::Remove(at, length) => {
                let at = at.index(bytes.len());
                let end = (at + length).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(at, length) => {
                let at = at.index(bytes.len());
                let end = (at + length).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
        }
    }
}

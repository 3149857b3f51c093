//! Properties that hold for all inputs, tested on random inputs.

mod conversations;
mod handshake;
mod linked_pairs;
mod mutation;
mod parsers;
mod sent_item;
mod streams;

use proptest::{collection::vec, prelude::*};
use protocol::Role;

fn any_role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

/// Generates masking keys, which a client uses in turn.
fn any_keys() -> impl Strategy<Value = Vec<[u8; 4]>> {
    vec(any::<[u8; 4]>(), 1..8)
}

/// Generates the sizes of reads, which are used in turn.
fn any_read_sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..4_usize, 1..100_usize, 1..20_000_usize], 1..6)
}

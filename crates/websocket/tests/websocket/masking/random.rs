//! Sections 5.3 and 10.3: the masking keys of a client that was made by `connect`.
//!
//! Nothing that looks at keys can prove that they cannot be foreseen. What can be shown is that the simple sources are
//! not in use: a constant, a counter, a clock, a generator that begins with the same seed in each connection.

use std::collections::HashSet;

use futures_util::{SinkExt, stream};
use protocol::Message;
use tokio::io::AsyncReadExt;

use crate::common::{client_and_raw_server, guarded};

/// Enough for each bit's share to be close to a half, and 24 KiB on the wire.
const KEYS: usize = 4096;

/// The first [`KEYS`] keys of a new connection, one for each frame.
async fn keys_of_a_new_connection() -> Vec<u32> {
    let (mut client, mut server) = client_and_raw_server().await;
    let sending = async {
        let mut messages = stream::iter((0..KEYS).map(|_| Ok(Message::binary(Vec::new()))));
        client.send_all(&mut messages).await.unwrap();
    };
    let receiving = async {
        let mut keys = Vec::with_capacity(KEYS);
        for _ in 0..KEYS {
            let mut frame = [0; 6];
            server.read_exact(&mut frame).await.unwrap();
            let [0x82, 0x80, key @ ..] = frame else { panic!("no empty masked frame: {frame:02x?}") };
            keys.push(u32::from_be_bytes(key));
        }
        keys
    };
    tokio::join!(sending, receiving).1
}

/// Each of the 32 bits is set in about half of the values.
#[track_caller]
fn looks_like_chance(values: &[u32], what: &str) {
    for bit in 0..32 {
        let set = values.iter().filter(|value| *value >> bit & 1 == 1).count();
        // Chance strays from a half by less than 1 in 100 here. 10 in 100 do not happen in the life of the universe.
        assert!((values.len() * 2 / 5..values.len() * 3 / 5).contains(&set), "bit {bit} of {what} is set {set} times");
    }
    // Of 4096 values out of 2^32, two are the same once in 500 runs. Three such pairs are no chance any more.
    let different: HashSet<u32> = values.iter().copied().collect();
    assert!(different.len() + 3 > values.len(), "{what} are the same again and again");
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# Masking keys MUST come from a strong source of entropy.
//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A masking key MUST NOT let a server or a proxy foresee the key of a later frame with ease.
#[tokio::test]
async fn the_keys_of_a_connection_look_like_chance_and_so_do_the_steps_between_them() {
    let keys = guarded(keys_of_a_new_connection()).await;
    looks_like_chance(&keys, "the keys");
    let steps: Vec<u32> = keys.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    looks_like_chance(&steps, "the differences");
    let flips: Vec<u32> = keys.windows(2).map(|pair| pair[1] ^ pair[0]).collect();
    looks_like_chance(&flips, "the changed bits");
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A masking key MUST NOT let a server or a proxy foresee the key of a later frame with ease.
#[tokio::test]
async fn two_connections_have_nothing_to_do_with_each_other() {
    let (first, second) = guarded(async { (keys_of_a_new_connection().await, keys_of_a_new_connection().await) }).await;
    let apart: Vec<u32> = first.iter().zip(&second).map(|(first, second)| first ^ second).collect();
    looks_like_chance(&apart, "the differences of two connections");
    let keys: HashSet<u32> = first.into_iter().collect();
    let again = second.iter().filter(|key| keys.contains(key)).count();
    assert!(again < 3, "{again} keys of one connection come again in the other");
}

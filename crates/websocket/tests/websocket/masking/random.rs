//! Sections 5.3 and 10.3: the masking keys of a client that `connect` has created.
//!
//! A test cannot prove that keys are unpredictable. It can show that the simple sources are not in
//! use: a constant, a counter, a clock, or a generator that starts with the same seed in each
//! connection.

use std::collections::HashSet;

use futures_util::{SinkExt, stream};
use protocol::Message;
use testkit::tasks::with_timeout;
use tokio::io::AsyncReadExt;

use crate::support::client_and_raw_server;

/// Enough keys for each bit to be set in about half of them. On the wire they take 24 KiB.
const KEYS: usize = 4096;

/// Returns the first [`KEYS`] keys of a new connection, one for each frame.
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

/// Checks that each of the 32 bits is set in about half of the values, and that few values repeat.
#[track_caller]
fn assert_looks_random(values: &[u32], what: &str) {
    for bit in 0..32 {
        let set = values.iter().filter(|value| *value >> bit & 1 == 1).count();
        // Here, the share of values in which a random bit is set typically differs from one half by
        // less than 1 in 100. A difference of 10 in 100 will not occur in the lifetime of the
        // universe.
        assert!((values.len() * 2 / 5..values.len() * 3 / 5).contains(&set), "bit {bit} of {what} is set {set} times");
    }
    // Among 4096 random values out of 2^32, two are equal about once in 500 runs. Three such pairs
    // are not a coincidence.
    let different: HashSet<u32> = values.iter().copied().collect();
    assert!(different.len() + 3 > values.len(), "{what} repeat");
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# Masking keys MUST come from a strong source of entropy.
//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A masking key MUST NOT make it easy for a server or a proxy to predict the key of a later frame.
#[tokio::test]
async fn the_keys_of_a_connection_and_their_differences_look_random() {
    let keys = with_timeout(keys_of_a_new_connection()).await;
    assert_looks_random(&keys, "the keys");
    let steps: Vec<u32> = keys.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert_looks_random(&steps, "the differences");
    let flips: Vec<u32> = keys.windows(2).map(|pair| pair[1] ^ pair[0]).collect();
    assert_looks_random(&flips, "the changed bits");
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A masking key MUST NOT make it easy for a server or a proxy to predict the key of a later frame.
#[tokio::test]
async fn the_keys_of_two_connections_are_unrelated() {
    let (first, second) =
        with_timeout(async { (keys_of_a_new_connection().await, keys_of_a_new_connection().await) }).await;
    let differences: Vec<u32> = first.iter().zip(&second).map(|(first, second)| first ^ second).collect();
    assert_looks_random(&differences, "the differences between two connections");
    let keys: HashSet<u32> = first.into_iter().collect();
    let repeated = second.iter().filter(|key| keys.contains(key)).count();
    assert!(repeated < 3, "{repeated} keys of one connection are used by the other too");
}

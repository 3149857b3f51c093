//! Randomness, as far as it can be seen from outside: no two keys alike, no bit that stands still, no steady step from one
//! key to the next (sections 4.1 and 10.3). That nobody can predict them follows from where they come from, not from a test.

use crate::common::{header, scripted, switching};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::FutureExt;
use websocket::Connector;

/// With so many samples, chance keeps a bit from changing once in 2^99 runs.
const SAMPLES: usize = 100;

fn look_random(keys: &[Vec<u8>]) {
    assert_eq!(keys.len(), SAMPLES);
    for pair in keys.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    for bit in 0..keys[0].len() * 8 {
        let ones = keys.iter().filter(|key| key[bit / 8] & (1 << (bit % 8)) != 0).count();
        assert!((1..SAMPLES).contains(&ones), "bit {bit} is the same in all keys");
    }
    let number = |key: &Vec<u8>| key.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let step = |pair: &[Vec<u8>]| number(&pair[1]).wrapping_sub(number(&pair[0]));
    assert!(keys.windows(2).any(|pair| step(pair) != step(&keys[..2])), "they only count");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The 16 bytes of the key MUST be chosen at random anew for each connection.
#[tokio::test]
async fn the_keys_of_handshakes_look_random() {
    let key = || {
        let (stream, wire) = scripted();
        assert!(Connector::new("ws://h/").unwrap().handshake(stream).now_or_never().is_none());
        let request = String::from_utf8(wire.written()).unwrap();
        STANDARD.decode(header(&request, "Sec-WebSocket-Key").unwrap()).unwrap()
    };
    look_random(&[(); SAMPLES].map(|()| key()));
}

//= docs/src/rfc6455.md#section-10-3
//= type=test
//# For each frame a client MUST take a new masking key that whoever supplies the data cannot predict.
#[tokio::test]
async fn the_masking_keys_of_a_client_look_random() {
    let (stream, wire) = scripted();
    let mut handshake = Box::pin(Connector::new("ws://h/").unwrap().handshake(stream));
    assert!(handshake.as_mut().now_or_never().is_none());
    let request = wire.written();
    wire.give(switching(std::str::from_utf8(&request).unwrap()).as_bytes());
    let mut client = handshake.as_mut().now_or_never().expect("the answer is there").expect("and right");
    for _ in 0..SAMPLES {
        client.send("").now_or_never().expect("there is room").unwrap();
    }
    // Each is two bytes of header and the key.
    let frames = wire.written().split_off(request.len());
    look_random(&frames.chunks(6).map(|frame| frame[2..].to_vec()).collect::<Vec<_>>());
}

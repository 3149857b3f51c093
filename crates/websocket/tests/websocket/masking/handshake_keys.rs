//! The randomness of keys, as far as a test can check it: no two consecutive keys are equal, no bit
//! is constant, and the keys do not count up (sections 4.1 and 10.3). No test can prove that they
//! are unpredictable; their source must guarantee that.

use base64::{Engine, engine::general_purpose::STANDARD};
use testkit::{
    http_head::{header_value, response_for},
    stream::scripted_stream,
    tasks::{is_pending, ready},
};
use websocket::Connector;

/// With this many samples, a random bit has the same value in all of them only once in 2^99 runs.
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
    assert!(keys.windows(2).any(|pair| step(pair) != step(&keys[..2])), "the keys count up");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The client MUST choose 16 new random bytes for the key of each connection.
#[tokio::test]
async fn the_keys_of_handshakes_look_random() {
    let key = || {
        let (stream, script) = scripted_stream();
        assert!(is_pending(Connector::new("ws://h/").unwrap().handshake(stream)));
        let request = String::from_utf8(script.written()).unwrap();
        STANDARD.decode(header_value(&request, "Sec-WebSocket-Key").unwrap()).unwrap()
    };
    look_random(&[(); SAMPLES].map(|()| key()));
}

//= docs/src/rfc6455.md#section-10-3
//= type=test
//# For each frame, a client MUST choose a new masking key that the application supplying the data
//# cannot predict.
#[tokio::test]
async fn the_masking_keys_of_a_client_look_random() {
    let (stream, script) = scripted_stream();
    let mut handshake = Box::pin(Connector::new("ws://h/").unwrap().handshake(stream));
    assert!(is_pending(handshake.as_mut()));
    let request = script.written();
    script.push_read(response_for(std::str::from_utf8(&request).unwrap()).as_bytes());
    let mut client = ready(handshake.as_mut()).expect("and right");
    for _ in 0..SAMPLES {
        ready(client.send("")).unwrap();
    }
    // Each frame consists of two bytes of header and the key.
    let frames = script.written().split_off(request.len());
    look_random(&frames.chunks(6).map(|frame| frame[2..].to_vec()).collect::<Vec<_>>());
}

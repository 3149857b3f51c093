//! Masking keys and a nonce that the application chooses, for demonstrations and tests.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use protocol::{frame::MaskingKey, handshake::Nonce};
use testkit::{
    raw_peer::{accept_raw, listen, read_head},
    tasks::with_timeout,
};
use tokio::io::AsyncReadExt;
use websocket::{
    Connector,
    observer::{choose_masking_keys, choose_nonce},
};

#[tokio::test]
async fn each_frame_is_masked_with_the_chosen_key_or_else_with_a_random_one() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let calls = Arc::new(AtomicU8::new(0));
        let counter = Arc::clone(&calls);
        // Every second frame gets a random key.
        let choose = move || {
            let call = counter.fetch_add(1, Ordering::Relaxed);
            call.is_multiple_of(2).then_some(MaskingKey([0x37, 0xFA, 0x21, 0x3D]))
        };
        let connecting = choose_masking_keys(Connector::new(&uri).unwrap(), choose).connect();
        let (connection, mut peer) = tokio::join!(connecting, accept_raw(&listener));
        let mut connection = connection.unwrap();
        let mut keys = Vec::new();
        for _ in 0..6 {
            connection.send("Hello").await.unwrap();
            let mut frame = [0; 11];
            peer.read_exact(&mut frame).await.unwrap();
            keys.push(frame[2..6].to_vec());
        }
        assert_eq!(calls.load(Ordering::Relaxed), 6, "not one call per frame");
        let (chosen, random): (Vec<_>, Vec<_>) = keys.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        assert_eq!(chosen, [[0x37, 0xFA, 0x21, 0x3D]; 3]);
        assert!(random[0] != random[1] && random[1] != random[2], "{random:02x?}");
    })
    .await;
}

#[tokio::test]
async fn the_request_has_the_chosen_nonce() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let connector = choose_nonce(Connector::new(&uri).unwrap(), Nonce(*b"the sample nonce"));
        let requested = async { read_head(&mut listener.accept().await.unwrap().0).await };
        let (_, request) = tokio::join!(connector.connect(), requested);
        assert!(request.contains("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), "{request}");
    })
    .await;
}

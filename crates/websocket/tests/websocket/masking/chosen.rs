//! What is there for whoever wants to look: masking keys that are chosen, something between the WebSocket and its stream,
//! and the rarer frames from the half that writes.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use crate::common::{
    BINARY, CONTINUATION, PING, PONG, TEXT, client, from_client, guarded, listen, raw_server, read_frame, scripted,
};
use futures_util::FutureExt;
use protocol::{MessageKind, UsageError, frame::MaskingKey};
use tokio::io::{AsyncReadExt, BufStream};
use websocket::{Connector, Error};

#[tokio::test]
async fn a_chosen_key_masks_a_frame_and_chance_the_others() {
    guarded(async {
        let (listener, uri) = listen().await;
        let calls = Arc::new(AtomicU8::new(0));
        let counter = Arc::clone(&calls);
        // Every second frame is left to chance.
        let choose = move || {
            let call = counter.fetch_add(1, Ordering::Relaxed);
            call.is_multiple_of(2).then_some(MaskingKey([0x37, 0xFA, 0x21, 0x3D]))
        };
        let connecting = Connector::new(&uri).unwrap().choose_masking_keys(choose).connect();
        let (connection, mut peer) = tokio::join!(connecting, raw_server(&listener));
        let mut connection = connection.unwrap();
        let mut keys = Vec::new();
        for _ in 0..6 {
            connection.send("Hello").await.unwrap();
            let mut frame = [0; 11];
            peer.read_exact(&mut frame).await.unwrap();
            keys.push(frame[2..6].to_vec());
        }
        assert_eq!(calls.load(Ordering::Relaxed), 6, "it is asked for each frame");
        let (chosen, random): (Vec<_>, Vec<_>) = keys.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        assert_eq!(chosen, [[0x37, 0xFA, 0x21, 0x3D]; 3]);
        assert!(random[0] != random[1] && random[1] != random[2], "{random:02x?}");
    })
    .await;
}

#[tokio::test]
async fn what_stands_between_carries_the_handshake_too() {
    guarded(async {
        let (listener, uri) = listen().await;
        // A buffer that writes nothing until it is flushed.
        let connecting = Connector::new(&uri).unwrap().connect_through(BufStream::new);
        let (connection, mut peer) = tokio::join!(connecting, raw_server(&listener));
        let mut connection = connection.unwrap();
        connection.send("through").await.unwrap();
        assert_eq!(read_frame(&mut peer).await, (0x81, b"through".to_vec()));
    })
    .await;
}

#[test]
fn the_half_that_writes_can_send_fragments_and_pongs() {
    let (stream, wire) = scripted();
    let (_reader, mut writer) = client(stream).split();
    writer.send_fragment(MessageKind::Text, b"one ", false).now_or_never().unwrap().unwrap();
    writer.ping(b"?").now_or_never().unwrap().unwrap();
    writer.pong(b"!").now_or_never().unwrap().unwrap();
    let refused = writer.send_fragment(MessageKind::Binary, b"x", true).now_or_never().unwrap();
    assert!(matches!(refused, Err(Error::Usage(UsageError::MessageOpen))), "{refused:?}");
    writer.send_fragment(MessageKind::Text, b"two", true).now_or_never().unwrap().unwrap();
    writer.send_fragment(MessageKind::Binary, b"x", true).now_or_never().unwrap().unwrap();
    // FIN is the highest bit of the first byte; without it there is more to come.
    let fin = 0x80;
    let frames = [(TEXT & !fin, "one "), (PING, "?"), (PONG, "!"), (CONTINUATION | fin, "two"), (BINARY, "x")];
    let expected: Vec<u8> = frames.iter().flat_map(|(first, payload)| from_client(*first, payload)).collect();
    assert_eq!(wire.written(), expected);
    assert_eq!(writer.state(), protocol::State::Open);
}

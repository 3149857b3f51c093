//! What a connection holds that has nothing to do, as the system counts it. One test, in a program of its own.
#![cfg(target_os = "linux")]

#[path = "protocol/common/mod.rs"]
mod common;

use bytes::{Buf, Bytes};
use common::{
    End,
    memory::{KIB, resident},
};
use protocol::{Message, Transmit};

#[test]
fn a_connection_that_was_busy_gives_everything_back() {
    const COUNT: usize = 2000;
    // Large enough to be shared: what each server has of it is an entry in the list of what is to be sent.
    let message = Message::binary(Bytes::from(vec![7; 4 << 10]));
    let before = resident();
    let servers: Vec<End> = (0..COUNT)
        .map(|_| {
            let mut end = End::server();
            for _ in 0..250 {
                end.connection.send(message.clone()).unwrap();
            }
            while let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() {
                output.advance(output.remaining());
            }
            // As a driver does with a connection that waits.
            end.connection.output_buffer().map(std::mem::take).expect("all has left");
            end
        })
        .collect();
    let held = resident().saturating_sub(before) / COUNT;
    // The list alone had grown to 10 KiB.
    assert!(held < 2 * KIB, "{held} bytes for each that has nothing to do");
    drop(servers);
}

//! The memory of an idle connection, as Linux counts it.
//!
//! This test is a separate program, because it measures the memory of its whole process.
#![cfg(target_os = "linux")]

use bytes::{Buf, Bytes};
use protocol::{Message, Transmit};
use testkit::{
    endpoint::TestEndpoint,
    process_memory::{KIB, resident_bytes},
};

#[test]
fn an_idle_connection_frees_the_memory_that_it_used_while_busy() {
    const COUNT: usize = 2000;
    // The payload is large enough to be shared, so each server adds only an entry to its send
    // queue.
    let message = Message::binary(Bytes::from(vec![7; 4 << 10]));
    let before = resident_bytes();
    let servers: Vec<TestEndpoint> = (0..COUNT)
        .map(|_| {
            let mut endpoint = TestEndpoint::server();
            for _ in 0..250 {
                endpoint.connection.send(message.clone()).unwrap();
            }
            while let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() {
                output.advance(output.remaining());
            }
            // A driver takes the buffer of a waiting connection.
            endpoint.connection.take_send_buffer().expect("the send queue is empty");
            endpoint
        })
        .collect();
    let held = resident_bytes().saturating_sub(before) / COUNT;
    // While the connection was busy, the entries of the send queue alone took 10 KiB.
    assert!(held < 2 * KIB, "{held} bytes per idle connection");
    drop(servers);
}

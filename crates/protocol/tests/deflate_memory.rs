//! The memory that compression uses, as Linux counts it.
//!
//! This test is a separate program, because it measures the memory of its whole process.
#![cfg(target_os = "linux")]

use protocol::{
    Config, DeflateOptions, Limits, Message, Role, Violation,
    extension::{Deflater, Level},
};
use testkit::{
    deflate::{incompressible_bytes, negotiate},
    endpoint::TestEndpoint,
    frames::{
        first_byte::{BINARY, RSV1},
        frame_from,
    },
    observed::{Observed, violated},
    process_memory::{KIB, MIB, peak_resident_bytes, resident_bytes},
};

/// Returns a payload of about 1 MiB that decompresses to 1 GiB of zeros. Once the window contains
/// only zeros, the compressor writes the same bytes for every further MiB.
fn bomb() -> Vec<u8> {
    let hardest = DeflateOptions::DEFAULT.level(Level::new(9).unwrap());
    let mut deflater = Deflater::new(&negotiate(&hardest, &hardest).client);
    let zeros = vec![0; MIB];
    let first = deflater.deflate(&zeros, false);
    let further = deflater.deflate(&zeros, false);
    assert_eq!(deflater.deflate(&zeros, false), further);
    [first, further.repeat(1022), deflater.deflate(&zeros, true)].concat()
}

/// Makes many servers receive a compressed message and answer it, and then calls `then` with each
/// server. Returns how many bytes each server keeps.
fn bytes_per_server(options: &DeflateOptions, then: fn(&mut TestEndpoint)) -> usize {
    const COUNT: usize = 200;
    let negotiated = negotiate(options, options);
    let message = incompressible_bytes(8000);
    let payload = Deflater::new(&negotiated.client).deflate(&message, true);
    let frame = frame_from(Role::Client, RSV1 | BINARY, payload);
    let before = resident_bytes();
    let servers: Vec<TestEndpoint> = (0..COUNT)
        .map(|_| {
            let mut endpoint = TestEndpoint::server().with_deflate(&negotiated.server);
            assert_eq!(endpoint.receive_bytes(&frame), [Observed::Binary(message.clone())]);
            endpoint.connection.send(Message::binary(message.clone())).unwrap();
            assert!(!endpoint.take_sent().is_empty());
            then(&mut endpoint);
            // A driver takes the buffers of a waiting connection.
            drop((endpoint.connection.take_input(), endpoint.connection.take_send_buffer()));
            endpoint
        })
        .collect();
    let held = resident_bytes().saturating_sub(before) / COUNT;
    drop(servers);
    held
}

#[test]
fn memory_is_bounded_by_limits_and_options() {
    // A bomb fails the connection at the limit, and the memory that it takes stays close to the
    // limit.
    let bomb = bomb();
    assert!(bomb.len() < 2 * MIB, "{} bytes", bomb.len());
    let frame = frame_from(Role::Client, RSV1 | BINARY, &bomb);
    let negotiated = negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(MIB));
    let mut server = TestEndpoint::new(Role::Server, config).with_deflate(&negotiated.server);
    let before = peak_resident_bytes();
    assert_eq!(server.receive_bytes(&frame), [violated(Violation::MessageTooBig { limit: MIB })]);
    let grown = peak_resident_bytes() - before;
    // The memory holds the input, the message up to the limit, and the old and new buffers of the
    // last reallocation.
    assert!(grown < 6 * MIB, "{} KiB for a limit of 1 MiB", grown / KIB);
    server.assert_fails_connection(1009);

    // Without takeover, nothing is kept between messages.
    let frugal = bytes_per_server(&DeflateOptions::FRUGAL, |_| ());
    assert!(frugal < 16 * KIB, "{frugal} bytes per connection without takeover");

    // No message can be sent after a Close, so a connection that is closing keeps no compressor. Its
    // decompressor is still needed.
    let closing = bytes_per_server(&DeflateOptions::DEFAULT, |endpoint| {
        endpoint.close(1000, "");
        assert!(!endpoint.take_sent().is_empty());
    });
    assert!(closing < 100 * KIB, "{closing} bytes per closing connection");

    // With takeover, both windows are kept. This measurement comes last, because the allocator
    // keeps the memory that is freed here, and a later measurement would therefore find less than
    // was allocated.
    let full = bytes_per_server(&DeflateOptions::DEFAULT, |_| ());
    assert!((100 * KIB..450 * KIB).contains(&full), "{full} bytes per connection with takeover");
}

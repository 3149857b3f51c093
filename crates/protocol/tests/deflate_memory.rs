//! What compression holds, as the system counts it. One test, in a program of its own: two at a time would count each
//! other's.
#![cfg(target_os = "linux")]

#[path = "protocol/common/mod.rs"]
mod common;

use bytes::BytesMut;
use common::{
    End, Heard, broken,
    deflate::agree,
    limits,
    memory::{KIB, peak, resident},
};
use protocol::{
    DeflateOptions, Message, Role, Violation,
    extension::Deflater,
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits},
};

const MIB: usize = 1 << 20;

/// A masked binary message, compressed.
fn frame(payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        fin: true,
        reserved: ReservedBits::RSV1,
        opcode: Opcode::Binary,
        masking_key: Some(MaskingKey([0; 4])),
        payload_length: payload.len() as u64,
    };
    [&header.encode()[..], payload].concat()
}

/// A GiB of zeros in a MiB. A compressor whose window holds nothing but zeros says the same of each further MiB of them.
fn bomb() -> Vec<u8> {
    let hardest = DeflateOptions { level: protocol::extension::Level::new(9).unwrap(), ..DeflateOptions::DEFAULT };
    let (client, _) = agree(&hardest, &hardest);
    let mut deflater = Deflater::new(&client);
    let zeros = vec![0; MIB];
    let first = deflater.deflate(&zeros, false);
    let further = deflater.deflate(&zeros, false);
    assert_eq!(deflater.deflate(&zeros, false), further);
    [first, further.repeat(1022), deflater.deflate(&zeros, true)].concat()
}

/// Servers that have each received a compressed message and answered it, and how much each of them holds.
fn held_by_each(options: &DeflateOptions) -> usize {
    const COUNT: usize = 200;
    let (client, server) = agree(options, options);
    let message: Vec<u8> = (0..2000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let payload = Deflater::new(&client).deflate(&message, true);
    let before = resident();
    let servers: Vec<End> = (0..COUNT)
        .map(|_| {
            let mut end = End::new(Role::Server, protocol::Config::default()).compressing(&server);
            assert_eq!(end.hears_bytes(&frame(&payload)), [Heard::Binary(message.clone())]);
            end.connection.send(Message::binary(message.clone())).unwrap();
            assert!(!end.sent().is_empty());
            // As a driver does with a connection that waits.
            *end.connection.input() = BytesMut::new();
            end.connection.output_buffer().map(std::mem::take);
            end
        })
        .collect();
    let held = resident().saturating_sub(before) / COUNT;
    drop(servers);
    held
}

#[test]
fn memory_is_bounded_by_limits_and_options() {
    // A bomb: the message is given up at the limit, and what it took stays near it.
    let bomb = bomb();
    assert!(bomb.len() < 2 * MIB, "{} bytes", bomb.len());
    let wire = frame(&bomb);
    let (_, compression) = agree(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
    let mut server = End::new(Role::Server, limits(|limits| limits.max_message_bytes = MIB)).compressing(&compression);
    let before = peak();
    assert_eq!(server.hears_bytes(&wire), [broken(Violation::MessageTooBig { limit: MIB })]);
    let grown = peak() - before;
    // The input, the message up to the limit, and both halves of its last growth.
    assert!(grown < 6 * MIB, "{} KiB for a limit of 1 MiB", grown / KIB);
    server.transmits_failure(1009);

    // Without takeover nothing is kept between messages; with it, both windows are.
    let frugal = held_by_each(&DeflateOptions::FRUGAL);
    assert!(frugal < 16 * KIB, "{frugal} bytes for each that keeps nothing");
    let full = held_by_each(&DeflateOptions::DEFAULT);
    assert!((100 * KIB..450 * KIB).contains(&full), "{full} bytes for each that keeps its windows");
}

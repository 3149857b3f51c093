//! RFC 7692, section 7.2: random messages and random payloads, split at random positions.

use proptest::{collection::vec, prelude::*};
use protocol::{
    DeflateOptions,
    extension::{Deflater, InflateError, Inflater, Level, WindowBits},
};
use testkit::{
    cuts::cut_into,
    deflate::{NegotiatedPair, negotiate},
};

use super::{LIMIT, inflater};

fn any_options() -> impl Strategy<Value = DeflateOptions> {
    (any::<(bool, bool)>(), 8..=15_u8, 8..=15_u8, 0..=9_u8).prop_map(
        |((server, client), server_bits, client_bits, level)| {
            DeflateOptions::DEFAULT
                .server_no_context_takeover(server)
                .client_no_context_takeover(client)
                .server_max_window_bits(WindowBits::new(server_bits).unwrap())
                .client_max_window_bits(WindowBits::new(client_bits).unwrap())
                .level(Level::new(level).unwrap())
                .threshold(0)
        },
    )
}

/// Generates messages with repetitions within them and between them.
fn any_messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..40),
        (any::<u8>(), 0..600_usize).prop_map(|(byte, count)| vec![byte; count]),
        Just(b"{\"sequence\":1,\"text\":\"Hello\"}".to_vec()),
    ];
    let message = vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    vec(message, 1..8)
}

proptest! {
    #[test]
    fn a_compressed_message_decompresses_to_the_original(
        client in any_options(),
        server in any_options(),
        messages in any_messages(),
        cuts in vec(1..64_usize, 1..20),
    ) {
        let NegotiatedPair { client, server } = negotiate(&client, &server);
        for (sender, receiver) in [(&client, &server), (&server, &client)] {
            let (mut deflater, mut inflater) = (Deflater::new(sender), Inflater::new(receiver));
            for message in &messages {
                // Some messages are sent in fragments. All payloads arrive in pieces.
                let (first, second) = message.split_at(message.len() / 3);
                let payload = match message.len() % 2 {
                    0 => deflater.deflate(message, true),
                    _ => [deflater.deflate(first, false), deflater.deflate(second, true)].concat(),
                };
                let mut output = Vec::new();
                let mut pieces = cut_into(&payload, &cuts).into_iter().peekable();
                while let Some(piece) = pieces.next() {
                    inflater.inflate(piece, pieces.peek().is_none(), &mut output, LIMIT).unwrap();
                }
                prop_assert_eq!(&output, message);
            }
        }
    }

    #[test]
    fn any_payload_decompresses_within_the_limit_or_is_an_error(
        payloads in vec(vec(any::<u8>(), 0..200), 1..5),
        limit in 0..5000_usize,
    ) {
        let mut inflater = inflater();
        for payload in payloads {
            let mut output = Vec::new();
            let result = inflater.inflate(&payload, true, &mut output, limit);
            prop_assert!(output.capacity() <= limit + 1);
            match result {
                Ok(()) => prop_assert!(output.len() <= limit),
                Err(InflateError::Invalid | InflateError::TooBig) => break,
            }
        }
    }
}

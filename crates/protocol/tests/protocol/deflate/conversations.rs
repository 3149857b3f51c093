//! RFC 7692, section 6: compressed conversations, with any combination of parameters, split at any
//! byte.

use proptest::{collection::vec, prelude::*};
use protocol::{Config, Limits, MessageKind, Role, extension::WindowBits};
use testkit::{
    cuts::cut_into,
    deflate::stored_block,
    frames::{
        RawFrame, TestFrame,
        first_byte::{BINARY, RSV1},
    },
    linked_pair::LinkedPair,
    observed::{Observed, ping},
};

use super::{ALWAYS, compressing_endpoint};

//= docs/src/rfc7692.md#section-5
//= type=test
//# After a valid response, both ends MUST exchange messages as described in section 6, with the
//# agreed parameters.
#[test]
fn two_endpoints_exchange_messages_with_every_combination_of_parameters() {
    let text: String = (0..300).map(|number| format!("{{\"sequence\":{number},\"name\":\"Hello\"}}")).collect();
    for flags in 0..4 {
        for (server_bits, client_bits) in [(8, 15), (15, 8), (9, 12), (15, 15)] {
            let options = ALWAYS
                .server_no_context_takeover(flags & 1 != 0)
                .client_no_context_takeover(flags & 2 != 0)
                .server_max_window_bits(WindowBits::new(server_bits).unwrap())
                .client_max_window_bits(WindowBits::new(client_bits).unwrap());
            for (client, server) in [(&options, &ALWAYS), (&ALWAYS, &options), (&options, &options)] {
                let mut pair = LinkedPair::with_deflate(&Config::default(), client, server);
                for _ in 0..3 {
                    pair.client.connection.send_text(&text).unwrap();
                    pair.server.connection.send_text(&text).unwrap();
                }
                pair.run();
                let expected = vec![Observed::Text(text.clone()); 3];
                assert!(pair.observed_by_server == expected && pair.observed_by_client == expected, "{options:?}");
                // With takeover the second message takes only a few bytes.
                let windows = [(&pair.sent_by_client, flags & 2 == 0), (&pair.sent_by_server, flags & 1 == 0)];
                for ((sent, takeover), bits) in windows.into_iter().zip([client_bits, server_bits]) {
                    let sizes: Vec<usize> = RawFrame::take_all(sent).iter().map(|frame| frame.payload.len()).collect();
                    if bits == 15 {
                        assert_eq!(sizes[1] * 2 < sizes[0], takeover, "{sizes:?} with {options:?}");
                    }
                    assert!(takeover || sizes[0] == sizes[1], "{sizes:?} with {options:?}");
                }
            }
        }
    }
}

/// An action of one endpoint.
#[derive(Debug, Clone)]
enum SendAction {
    Message(Vec<u8>),
    Fragments(Vec<Vec<u8>>),
    Ping,
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..30),
        (any::<u8>(), 0..400_usize).prop_map(|(byte, count)| vec![byte; count]),
        Just(b"{\"sequence\":1,\"text\":\"Hello\"}".to_vec()),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn any_action() -> impl Strategy<Value = SendAction> {
    prop_oneof![
        4 => any_payload().prop_map(SendAction::Message),
        2 => vec(any_payload(), 1..4).prop_map(SendAction::Fragments),
        1 => Just(SendAction::Ping),
    ]
}

proptest! {
    #[test]
    fn all_messages_arrive_in_any_fragments_and_reads(
        actions in vec((any::<bool>(), any_action()), 0..12),
        read_size in 1..200_usize,
        takeover in any::<(bool, bool)>(),
        threshold in prop_oneof![Just(0), Just(100)],
    ) {
        let options = ALWAYS
            .server_no_context_takeover(takeover.0)
            .client_no_context_takeover(takeover.1)
            .threshold(threshold);
        let mut pair = LinkedPair::with_deflate(&Config::default(), &options, &options);
        pair.read_size = read_size;
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        for (by_client, action) in actions {
            let (endpoint, expected) = match by_client {
                true => (&mut pair.client, &mut to_server),
                false => (&mut pair.server, &mut to_client),
            };
            match action {
                SendAction::Message(payload) => {
                    endpoint.connection.send_binary(&payload).unwrap();
                    expected.push(Observed::Binary(payload));
                }
                SendAction::Fragments(parts) => {
                    for (index, part) in parts.iter().enumerate() {
                        endpoint.connection.send_fragment(MessageKind::Binary, part, index + 1 == parts.len()).unwrap();
                    }
                    expected.push(Observed::Binary(parts.concat()));
                }
                SendAction::Ping => {
                    endpoint.connection.ping(b"").unwrap();
                    expected.push(ping(""));
                }
            }
        }
        pair.run();
        let without_pongs = |observed: &[Observed]| -> Vec<Observed> {
            observed.iter().filter(|observed| !matches!(observed, Observed::Pong(_))).cloned().collect()
        };
        prop_assert_eq!(without_pongs(&pair.observed_by_server), to_server);
        prop_assert_eq!(without_pongs(&pair.observed_by_client), to_client);
    }

    #[test]
    fn any_payload_is_a_message_or_one_violation_in_any_cut(
        payload in prop_oneof![
            vec(any::<u8>(), 0..120),
            any_payload().prop_map(|data| [stored_block(&data[..data.len().min(60_000)]), vec![0]].concat()),
        ],
        sizes in vec(1..20_usize, 1..8),
    ) {
        let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(4096));
        let bytes = TestFrame::new(RSV1 | BINARY, payload).masked_with([1, 2, 3, 4]).bytes();
        let whole = compressing_endpoint(Role::Server, config.clone(), &ALWAYS).receive_bytes(&bytes);
        prop_assert_eq!(whole.len(), 1);
        let mut server = compressing_endpoint(Role::Server, config, &ALWAYS);
        let pieces = cut_into(&bytes, &sizes);
        let observed: Vec<Observed> = pieces.into_iter().flat_map(|piece| server.receive_bytes(piece)).collect();
        prop_assert_eq!(observed, whole);
    }
}

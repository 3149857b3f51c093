//! Random messages and control frames from one endpoint to another.

use std::time::Instant;

use proptest::{collection::vec, prelude::*};
use protocol::{Config, Role, State};
use testkit::{cuts::cut_into, endpoint::TestEndpoint, frames::peer_of, masking::cycled_keys, observed::Observed};

use super::{
    any_keys, any_read_sizes, any_role,
    sent_item::{SentItem, any_control_frame, any_message, encode},
};

fn any_items() -> impl Strategy<Value = Vec<SentItem>> {
    vec(prop_oneof![4 => any_message(), 1 => any_control_frame()], 0..6)
}

/// Creates an endpoint. If it is a client, it uses the keys in turn.
fn endpoint(role: Role, keys: &[[u8; 4]]) -> TestEndpoint {
    match role {
        Role::Server => TestEndpoint::server(),
        Role::Client => TestEndpoint::client_with(Config::default(), cycled_keys(keys), Instant::now()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    //= docs/src/rfc6455.md#section-5-2
    //= type=test
    //# Each of the three reserved bits MUST be 0 unless a negotiated extension defines its meaning.
    //= docs/src/rfc6455.md#section-6-1
    //= type=test
    //# To send a message, an endpoint MUST take the following steps.
    //= docs/src/rfc6455.md#section-6-1
    //= type=test
    //# An endpoint MUST put the message's data into a frame as described in section 5.2.
    #[test]
    fn everything_is_sent_in_the_layout_of_section_5_2(sender in any_role(), items in any_items(), keys in any_keys()) {
        let mut sender = endpoint(sender, &keys);
        items.iter().for_each(|item| item.send(&mut sender.connection));
        prop_assert_eq!(sender.take_sent(), encode(sender.role(), &items, &keys));
    }

    //= docs/src/rfc6455.md#section-6-2
    //= type=test
    //# An endpoint MUST parse incoming bytes as frames as described in section 5.2.
    #[test]
    fn everything_in_the_layout_of_section_5_2_is_received(
        receiver in any_role(), items in any_items(), keys in any_keys(), sizes in any_read_sizes(),
    ) {
        let bytes = encode(peer_of(receiver), &items, &keys);
        let mut receiver = endpoint(receiver, &keys);
        let observed: Vec<Observed> =
            cut_into(&bytes, &sizes).into_iter().flat_map(|read| receiver.receive_bytes(read)).collect();
        prop_assert_eq!(observed, items.iter().flat_map(SentItem::observed).collect::<Vec<_>>());
        prop_assert_eq!(receiver.connection.state(), State::Open);
        prop_assert!(receiver.with_input(|input| input.is_empty()), "bytes are left over");
    }

    #[test]
    fn everything_that_one_endpoint_sends_is_received_by_the_other(
        sender in any_role(), items in any_items(), keys in any_keys(),
        read_size in prop_oneof![1..50_usize, Just(usize::MAX)],
    ) {
        let mut sender = endpoint(sender, &keys);
        let mut receiver = endpoint(peer_of(sender.role()), &keys);
        items.iter().for_each(|item| item.send(&mut sender.connection));
        let bytes = sender.take_sent();
        let observed: Vec<Observed> =
            cut_into(&bytes, &[read_size]).into_iter().flat_map(|read| receiver.receive_bytes(read)).collect();
        let expected: Vec<Observed> = items.iter().flat_map(SentItem::observed).collect();
        prop_assert_eq!(&observed, &expected);
        // The receiver answers each Ping with a Pong.
        let answers = sender.receive_bytes(&receiver.take_sent());
        let pongs: Vec<Observed> = expected
            .into_iter()
            .filter_map(|observed| match observed {
                Observed::Ping(payload) => Some(Observed::Pong(payload)),
                _ => None,
            })
            .collect();
        prop_assert_eq!(answers, pongs);
    }
}

//! Random streams of bytes, valid or not. The result does not depend on how a stream is split into
//! reads, and no stream puts a connection into a state that it cannot leave.

use proptest::{collection::vec, prelude::*};
use protocol::{CloseInfo, Config, Role, State};
use testkit::{cuts::cut_into, endpoint::TestEndpoint, frames::peer_of, observed::Observed, transmitted::Transmitted};

use super::{
    any_keys, any_read_sizes, any_role,
    mutation::any_mutation,
    sent_item::{any_control_frame, any_message, encode},
};

/// Generates bytes for a receiver: valid frames with a few mutations, or arbitrary bytes.
fn any_stream() -> impl Strategy<Value = (Role, Vec<u8>)> {
    let items = vec(prop_oneof![2 => any_message(), 1 => any_control_frame()], 0..4);
    let mutated =
        (any_role(), items, any_keys(), vec(any_mutation(), 0..4)).prop_map(|(receiver, items, keys, mutations)| {
            let mut bytes = encode(peer_of(receiver), &items, &keys);
            // In a short stream, a larger share of the mutations hits a header.
            bytes.truncate(2000);
            mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
            (receiver, bytes)
        });
    // The first bytes of headers occur more often than they would by chance.
    let header_like = prop_oneof![
        proptest::sample::select(&[0x01_u8, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0x00, 0x03, 0xFE, 0xFF][..]),
        any::<u8>(),
    ];
    let arbitrary = (any_role(), vec(header_like, 0..300));
    prop_oneof![2 => mutated, 1 => arbitrary]
}

/// Every effect of a stream on its receiver.
#[derive(Debug, PartialEq)]
struct StreamResult {
    observed: Vec<Observed>,
    transmitted: Vec<Transmitted>,
    state: State,
    close_info: CloseInfo,
    payload_remaining: usize,
}

/// Makes a new endpoint receive these reads.
fn receive<'a>(receiver: Role, reads: impl IntoIterator<Item = &'a [u8]>) -> StreamResult {
    let mut endpoint = TestEndpoint::new(receiver, Config::default());
    let observed = reads.into_iter().flat_map(|read| endpoint.receive_bytes(read)).collect();
    StreamResult {
        observed,
        transmitted: endpoint.transmit(),
        state: endpoint.connection.state(),
        close_info: endpoint.connection.close_info(),
        payload_remaining: endpoint.connection.payload_remaining(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    //= docs/src/rfc6455.md#section-6-2
    //= type=test
    //# An endpoint MUST parse incoming bytes as frames as described in section 5.2.
    #[test]
    fn any_cut_of_a_stream_has_the_same_result((receiver, bytes) in any_stream(), sizes in any_read_sizes()) {
        let whole = receive(receiver, [&bytes[..]]);
        prop_assert_eq!(&receive(receiver, cut_into(&bytes, &sizes)), &whole);
        prop_assert_eq!(&receive(receiver, bytes.chunks(1)), &whole, "byte by byte");
    }

    #[test]
    fn any_bytes_cause_at_most_one_violation_and_the_connection_can_end(
        (receiver, bytes) in any_stream(), sizes in any_read_sizes(),
    ) {
        let mut endpoint = TestEndpoint::new(receiver, Config::default());
        let mut observed = Vec::new();
        let mut received = 0;
        for read in cut_into(&bytes, &sizes) {
            received += read.len();
            observed.extend(endpoint.receive_bytes(read));
            let capacity = endpoint.with_input(|input| input.capacity());
            prop_assert!(capacity <= 2 * received + 64, "{capacity} bytes are held after {received} were received");
        }
        let violations = observed.iter().filter(|observed| matches!(observed, Observed::Violation(_))).count();
        prop_assert!(violations <= 1, "{observed:?}");
        let is_last = |observed: &Observed| matches!(observed, Observed::Violation(_) | Observed::Close(_));
        let close_at = observed.iter().position(is_last);
        if let Some(at) = close_at {
            prop_assert_eq!(at + 1, observed.len(), "an event follows a Close or a violation");
            prop_assert_eq!(endpoint.connection.state(), State::Closing);
        } else {
            prop_assert_eq!(endpoint.connection.state(), State::Open);
        }
        // Whatever the stream contains, the connection ends when the stream ends.
        endpoint.transmit();
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        prop_assert_eq!(endpoint.connection.state(), State::Closed);
    }
}

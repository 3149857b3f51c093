//! Sections 5.5.1, 6.1 and 7.1: what can be sent and received after a Close, and what is reported.

use protocol::{Message, MessageKind, Role, State, UsageError};
use testkit::{
    duration::secs,
    endpoint::{TestEndpoint, for_both_roles},
    observed::{close, text},
};

const SERVER: Role = Role::Server;

// ---- After the local Close ----------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint MUST NOT send any data frame after its Close frame.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# An endpoint MUST make sure that the connection is OPEN before it sends a message.
#[test]
fn nothing_can_be_sent_after_the_local_close() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        assert_cannot_send(endpoint);
        endpoint.assert_transmits(&["88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# An endpoint MUST make sure that the connection is OPEN before it sends a message.
#[test]
fn nothing_can_be_sent_after_the_peers_close() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["88 02 03e8"]);
        assert_cannot_send(endpoint);
        endpoint.assert_transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
    });
}

#[track_caller]
fn assert_cannot_send(endpoint: &mut TestEndpoint) {
    let connection = &mut endpoint.connection;
    let queued = connection.queued_bytes();
    assert_eq!(connection.send(Message::text("x")), Err(UsageError::AfterClose));
    assert_eq!(connection.send(Message::binary(vec![0; 10_000])), Err(UsageError::AfterClose));
    assert_eq!(connection.send_text("x"), Err(UsageError::AfterClose));
    assert_eq!(connection.send_binary(b"x"), Err(UsageError::AfterClose));
    assert_eq!(connection.send_fragment(MessageKind::Text, b"x", true), Err(UsageError::AfterClose));
    assert_eq!(connection.ping(b""), Err(UsageError::AfterClose));
    assert_eq!(connection.pong(b""), Err(UsageError::AfterClose));
    if connection.role() == SERVER {
        assert_eq!(connection.send_prepared(&protocol::PreparedMessage::new(&"x".into())), Err(UsageError::AfterClose));
    }
    assert_eq!(connection.queued_bytes(), queued);
}

#[test]
fn messages_of_the_peer_are_delivered_after_the_local_close() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        assert_eq!(
            endpoint.receive(&["81 05 48656c6c6f", "01 01 61", "80 01 62", "88 02 03e8"]),
            [text("Hello"), text("ab"), close(1000, "")]
        );
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint SHOULD respond to a Close frame as soon as practical.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If the state of the connection changes meanwhile, the endpoint MUST abandon the remaining steps.
#[test]
fn a_close_leaves_a_fragmented_message_incomplete() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
        endpoint.close(1000, "");
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, b"lo", true), Err(UsageError::AfterClose));
        endpoint.assert_transmits(&["01 03 48656c", "88 02 03e8"]);
    });
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
        endpoint.receive(&["88 02 03e8"]);
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, b"lo", true), Err(UsageError::AfterClose));
        endpoint
            .assert_transmits_by_role(&["01 03 48656c", "88 02 03e8", "half-close"], &["01 03 48656c", "88 02 03e8"]);
    });
}

#[test]
fn the_peer_may_answer_the_local_close_within_a_fragmented_message() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        assert_eq!(endpoint.receive(&["01 03 48656c", "88 02 03e8"]), [close(1000, "")]);
        assert_eq!(endpoint.close_outcome(), (1000, true));
    });
}

//= docs/src/rfc6455.md#section-7-4
//= type=test
//# An endpoint MAY indicate why it closes an established connection.
#[test]
fn closing_twice_sends_one_close() {
    for_both_roles(|endpoint| {
        endpoint.close(4000, "a");
        endpoint.close(4001, "b");
        endpoint.close_without_code();
        endpoint.assert_transmits(&["88 03 0fa0 61"]);
        let sent = endpoint.connection.close_info().sent.unwrap();
        assert_eq!((sent.code().0, sent.reason()), (4000, "a"));
    });
}

#[test]
fn closing_again_does_not_postpone_the_deadline() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        let deadline = endpoint.connection.poll_timeout();
        endpoint.advance(secs(3));
        endpoint.close(1000, "");
        assert_eq!(endpoint.connection.poll_timeout(), deadline, "the deadline was postponed");
    });
}

#[test]
fn closing_after_the_peer_closed_changes_nothing() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["88 02 0fa0"]);
        endpoint.assert_transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        let (close_info, deadline) = (endpoint.connection.close_info(), endpoint.connection.poll_timeout());
        endpoint.advance(secs(1));
        endpoint.close(1000, "");
        endpoint.assert_transmits_nothing();
        assert_eq!((endpoint.connection.close_info(), endpoint.connection.poll_timeout()), (close_info, deadline));
    });
}

#[test]
fn closing_after_the_end_changes_nothing() {
    for_both_roles(|endpoint| {
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        let close_info = endpoint.connection.close_info();
        endpoint.close(1000, "");
        assert_eq!(endpoint.connection.queued_bytes(), 0);
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.connection.poll_timeout(), None, "a deadline after the end");
        assert_eq!(endpoint.connection.close_info(), close_info, "close_info() has changed after CLOSED");
    });
}

// ---- CloseInfo and State ------------------------------------------------------------------------

#[test]
fn close_info_prints_as_a_sentence() {
    let ended = |prepare: fn(&mut TestEndpoint)| {
        let mut server = TestEndpoint::server();
        prepare(&mut server);
        server.connection.close_info().to_string()
    };
    assert_eq!(ended(|endpoint| drop(endpoint.receive(&["88 02 03e8"]))), "1000 (normal closure), closed by the peer");
    assert_eq!(
        ended(|endpoint| drop(endpoint.receive(&["88 05 0fa0 620a65"]))),
        "4000 (private) \"b\\ne\", closed by the peer"
    );
    assert_eq!(
        ended(|endpoint| drop(endpoint.receive(&["88 05 0fa0 276122"]))),
        "4000 (private) \"'a\\\"\", closed by the peer"
    );
    assert_eq!(ended(|endpoint| drop(endpoint.receive(&["88 00"]))), "1005 (no status code), closed by the peer");
    assert_eq!(ended(|_| ()), "1006 (abnormal closure), the connection ended without a Close frame");
    assert_eq!(
        ended(|endpoint| endpoint.close(1000, "")),
        "1006 (abnormal closure), the peer never answered the Close"
    );
    assert_eq!(
        ended(|endpoint| {
            endpoint.close(1000, "");
            endpoint.receive(&["88 02 03e8"]);
        }),
        "1000 (normal closure), closed by this end"
    );
    assert_eq!(
        ended(|endpoint| drop(endpoint.receive(&["83 00"]))),
        "1006 (abnormal closure), failed by this end: opcode 0x3 is reserved (RFC 6455, section 5.2)"
    );
}

#[test]
fn states_print_with_the_names_of_the_rfc() {
    let names = [State::Connecting, State::Open, State::Closing, State::Closed].map(|state| state.to_string());
    assert_eq!(names, ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]);
}

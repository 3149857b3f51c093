//! Sections 5.5.1, 7.1.1 and 10.4: deadlines for a peer that should send a Close or close the TCP
//! connection.

use std::time::Duration;

use protocol::{Config, Role, State};
use testkit::{
    duration::{millis, secs},
    endpoint::{TestEndpoint, for_both_roles, for_both_roles_with},
    linked_pair::{LinkedPair, SERVER_CLOSES_TCP_FIRST},
    observed::{close, text},
    transmitted::Transmitted,
};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A client SHOULD NOT close the connection except as described above or at the request of its
//# application.
//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# A client SHOULD NOT close the connection in any other case, unless its application requests it.
//= docs/src/rfc6455.md#section-7-3
//= type=test
//# A client SHOULD NOT close the connection without good reason.
#[test]
fn there_is_no_deadline_while_open() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.poll_timeout(), None);
        endpoint.receive(&["81 02 6f6b", "89 00"]);
        endpoint.connection.ping(b"").unwrap();
        assert_eq!(endpoint.connection.poll_timeout(), None);
        // A connection may be silent for a day (7.3).
        assert_eq!(endpoint.advance(secs(86_400)), []);
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_never_answers_the_close_is_disconnected_at_the_deadline() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)));
        endpoint.advance(millis(4999));
        endpoint.assert_transmits_nothing();
        endpoint.advance(millis(1));
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.connection.state(), State::Closed);
        assert_eq!(endpoint.connection.poll_timeout(), None);
        assert_eq!(endpoint.close_outcome(), (1006, false));
        assert!(endpoint.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both sides have sent a Close frame, the client MAY close the TCP connection at any time,
//# for example when the server takes too long to do so.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# In abnormal cases, for example when the server does not close the TCP connection within a
//# reasonable time, a client MAY be the first to close it.
#[test]
fn a_server_that_never_closes_tcp_is_disconnected_at_the_deadline() {
    let mut client = TestEndpoint::client();
    client.close(1000, "");
    client.assert_transmits(&["88 02 03e8"]);
    client.advance(secs(4));
    client.receive(&["88 02 03e8"]);
    // The server must now close the TCP connection. A new deadline starts.
    assert_eq!(client.connection.poll_timeout(), Some(client.now + secs(5)));
    client.advance(secs(5));
    client.assert_transmits(&["disconnect"]);
    assert_eq!(client.close_outcome(), (1000, true), "the closing handshake was completed");
    assert!(client.connection.close_info().timed_out);
}

#[test]
fn a_client_that_does_not_close_tcp_is_disconnected_at_the_deadline() {
    let mut server = TestEndpoint::server();
    server.receive(&["88 02 03e8"]);
    server.assert_transmits(&["88 02 03e8", "half-close"]);
    server.advance(secs(5));
    server.assert_transmits(&["disconnect"]);
    assert_eq!(server.close_outcome(), (1000, true));
}

#[test]
fn a_peer_that_broke_a_rule_is_disconnected_at_the_deadline() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["83 00"]);
        endpoint.assert_fails_connection(1002);
        // Messages do not postpone the deadline.
        for _ in 0..4 {
            endpoint.advance(secs(1));
            assert_eq!(endpoint.receive(&["81 02 6f6b"]), []);
            endpoint.assert_transmits_nothing();
        }
        endpoint.advance(secs(1));
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn a_violation_instead_of_an_answer_starts_a_new_deadline() {
    // The endpoint no longer waits for a Close, only for the end of the TCP connection.
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.advance(secs(4));
        endpoint.receive(&["83 00"]);
        endpoint.assert_transmits(&["half-close"]);
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)));
        endpoint.advance(secs(5));
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn messages_do_not_postpone_the_deadline_for_the_answer() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        for _ in 0..4 {
            endpoint.advance(secs(1));
            assert_eq!(endpoint.receive(&["81 02 6f6b"]), [text("ok")]);
        }
        endpoint.advance(secs(1));
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn a_close_that_cannot_be_written_is_discarded_at_the_deadline() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_binary(&[0; 1000]).unwrap();
        endpoint.close(1000, "");
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(millis(4999));
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(millis(1));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
        assert_eq!(endpoint.connection.state(), State::Closed);
        assert!(endpoint.connection.close_info().timed_out);
        endpoint.assert_transmits_nothing();
    });
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint MAY close the connection by any available means when it has to, for example during
//# an attack.
#[test]
fn a_peer_that_broke_a_rule_and_does_not_read_is_disconnected_at_the_deadline() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["83 00"]);
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
    });
}

#[test]
fn a_peer_that_half_closed_and_does_not_read_is_disconnected_at_the_deadline() {
    // Without a deadline, a client that half-closes the TCP connection and reads nothing would keep
    // its connection forever.
    for_both_roles(|endpoint| {
        endpoint.connection.send_binary(&[0; 1000]).unwrap();
        endpoint.receive_eof();
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
    });
}

#[test]
fn a_blocked_close_is_sent_when_the_peer_reads_again() {
    let mut pair = LinkedPair::new();
    pair.set_blocked(SERVER, true);
    pair.client.connection.send_text("Hello").unwrap();
    pair.client.close(1000, "");
    pair.run();
    assert_eq!(pair.observed_by_server, []);
    pair.advance(secs(4));
    pair.set_blocked(SERVER, false);
    pair.run();
    assert_eq!(pair.observed_by_server, [text("Hello"), close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((1000, true), (1000, true)));
}

#[test]
fn two_endpoints_are_closed_although_one_does_not_read() {
    let mut pair = LinkedPair::new();
    pair.set_blocked(CLIENT, true);
    pair.server.close(1001, "");
    pair.run();
    pair.advance(secs(5));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert_eq!(pair.client.connection.state(), State::Closed, "the client has read the end of TCP");
    assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((1006, false), (1006, false)));
}

#[test]
fn the_close_timeout_is_configurable() {
    let config = Config::default().close_timeout(secs(1));
    for_both_roles_with(&config, |endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.advance(secs(1));
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn a_maximal_close_timeout_does_not_overflow() {
    let config = Config::default().close_timeout(Duration::MAX);
    for_both_roles_with(&config, |endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        endpoint.advance(secs(1_000_000));
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.receive(&["88 02 03e8"]), [close(1000, "")]);
    });
}

#[test]
fn handling_a_timeout_too_early_does_nothing() {
    for_both_roles(|endpoint| {
        endpoint.connection.handle_timeout(endpoint.now).unwrap();
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.connection.handle_timeout(endpoint.now + millis(4999)).unwrap();
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)));
    });
}

#[test]
fn a_connection_that_ended_in_time_is_not_reported_as_timed_out() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.receive(&["88 02 03e8"]);
        endpoint.transmit();
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        endpoint.advance(secs(60));
        assert!(!endpoint.connection.close_info().timed_out);
        endpoint.assert_transmits_nothing();
    });
}

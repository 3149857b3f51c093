//! Sections 5.5.1, 7.1.1 and 10.4: how long is waited for a peer that should close.

use std::time::Duration;

use crate::common::{End, Pair, SERVER_CLOSES_TCP_FIRST, Step, both, both_with, close, ms, s, text};
use protocol::{Config, Role, State};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# Except for all this, and for what its application asks, a client SHOULD NOT close the connection.
//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# Except for these cases and for what its application asks, a client SHOULD NOT close the connection.
//= docs/src/rfc6455.md#section-7-3
//= type=test
//# A client SHOULD NOT close the connection at will.
#[test]
fn there_is_no_deadline_while_open() {
    both(|end| {
        assert_eq!(end.connection.poll_timeout(), None);
        end.hears(&["81 02 6f6b", "89 00"]);
        end.connection.ping(b"").unwrap();
        assert_eq!(end.connection.poll_timeout(), None);
        // A day of silence is no reason to end a connection (7.3).
        assert_eq!(end.wait(s(86_400)), []);
        assert_eq!(end.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_never_answers_a_close_is_dropped_at_the_deadline() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        end.wait(ms(4999));
        end.transmits_nothing();
        end.wait(ms(1));
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.connection.poll_timeout(), None);
        assert_eq!(end.ending(), (1006, false));
        assert!(end.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both have sent a Close, the client MAY close the TCP connection at any time, for example when the server takes
//# too long to.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# A client MAY be the first in other cases, for example when the server does not close TCP within a reasonable time.
#[test]
fn a_server_that_never_closes_tcp_is_dropped_at_the_deadline() {
    let mut client = End::client();
    client.close(1000, "");
    client.transmits(&["88 02 03e8"]);
    client.wait(s(4));
    client.hears(&["88 02 03e8"]);
    // A new deadline for the new duty.
    assert_eq!(client.connection.poll_timeout(), Some(client.now + s(5)));
    client.wait(s(5));
    client.transmits(&["disconnect"]);
    assert_eq!(client.ending(), (1000, true), "the closing handshake was complete all the same");
    assert!(client.connection.close_info().timed_out);
}

#[test]
fn a_client_that_never_closes_tcp_is_dropped_at_the_deadline() {
    let mut server = End::server();
    server.hears(&["88 02 03e8"]);
    server.transmits(&["88 02 03e8", "half-close"]);
    server.wait(s(5));
    server.transmits(&["disconnect"]);
    assert_eq!(server.ending(), (1000, true));
}

#[test]
fn a_peer_that_broke_a_rule_is_dropped_at_the_deadline() {
    both(|end| {
        end.hears(&["83 00"]);
        end.transmits_failure(1002);
        // However much it goes on talking.
        for _ in 0..4 {
            end.wait(s(1));
            assert_eq!(end.hears(&["81 02 6f6b"]), []);
            end.transmits_nothing();
        }
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn a_rule_broken_instead_of_an_answer_begins_a_new_deadline() {
    // The duty is another one now: no answer is waited for any more, only the end of TCP.
    both(|end| {
        end.close(1000, "");
        end.sent();
        end.wait(s(4));
        end.hears(&["83 00"]);
        end.transmits(&["half-close"]);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        end.wait(s(5));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn data_does_not_postpone_the_deadline_for_the_answer() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        for _ in 0..4 {
            end.wait(s(1));
            assert_eq!(end.hears(&["81 02 6f6b"]), [text("ok")]);
        }
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn a_close_that_cannot_be_written_is_given_up_at_the_deadline() {
    both(|end| {
        end.connection.send_binary(&[0; 1000]).unwrap();
        end.close(1000, "");
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(ms(4999));
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(ms(1));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
        assert_eq!(end.connection.state(), State::Closed);
        assert!(end.connection.close_info().timed_out);
        end.transmits_nothing();
    });
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint MAY close the connection by whatever means there are when it has to, for example under attack.
#[test]
fn a_peer_that_broke_a_rule_and_does_not_read_is_given_up_at_the_deadline() {
    both(|end| {
        end.hears(&["83 00"]);
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(5));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
    });
}

#[test]
fn a_peer_that_ended_its_stream_and_does_not_read_is_given_up_some_time() {
    // Without a deadline a client that sends FIN and keeps its window at zero would hold a connection for ever.
    both(|end| {
        end.connection.send_binary(&[0; 1000]).unwrap();
        end.hears_end();
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(60));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
    });
}

#[test]
fn a_blocked_close_goes_out_when_the_peer_reads_again() {
    let mut pair = Pair::new();
    pair.block(SERVER, true);
    pair.client.connection.send_text("Hello").unwrap();
    pair.client.close(1000, "");
    pair.drive();
    assert_eq!(pair.heard_by_server, []);
    pair.wait(s(4));
    pair.block(SERVER, false);
    pair.drive();
    assert_eq!(pair.heard_by_server, [text("Hello"), close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1000, true), (1000, true)));
}

#[test]
fn two_ends_of_which_one_is_stuck_both_let_go() {
    let mut pair = Pair::new();
    pair.block(CLIENT, true); // the client does not read
    pair.server.close(1001, "");
    pair.drive();
    pair.wait(s(5));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert_eq!(pair.client.connection.state(), State::Closed, "TCP told it");
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1006, false), (1006, false)));
}

#[test]
fn the_time_to_close_is_an_option() {
    let config = Config { close_timeout: s(1), ..Config::default() };
    both_with(&config, |end| {
        end.close(1000, "");
        end.sent();
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn unlimited_time_to_close_is_no_danger_to_arithmetic() {
    let config = Config { close_timeout: Duration::MAX, ..Config::default() };
    both_with(&config, |end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        end.wait(s(1_000_000));
        end.transmits_nothing();
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
    });
}

#[test]
fn handling_a_timeout_too_early_does_nothing() {
    both(|end| {
        end.connection.handle_timeout(end.now).unwrap();
        end.close(1000, "");
        end.sent();
        end.connection.handle_timeout(end.now + ms(4999)).unwrap();
        end.transmits_nothing();
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
    });
}

#[test]
fn a_connection_that_ended_in_time_was_not_timed_out() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        end.hears(&["88 02 03e8"]);
        end.steps();
        end.hears_end();
        end.transmits(&["disconnect"]);
        end.wait(s(60));
        assert!(!end.connection.close_info().timed_out);
        end.transmits_nothing();
    });
}

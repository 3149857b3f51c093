//! Keep-alive (section 5.5.2): Pings at an interval, and peers that do not answer them.

use std::time::{Duration, Instant};

use bytes::Buf;
use protocol::{Config, DeflateOptions, KeepAlive, MessageKind, Role, State, Transmit, Violation};
use testkit::{
    deflate::negotiate,
    duration::{millis, secs},
    endpoint::{TestEndpoint, for_both_roles, for_both_roles_with},
    hex::hex,
    linked_pair::LinkedPair,
    masking::scripted_keys,
    observed::{binary, close, ping, pong, text, violated},
    transmitted::Transmitted,
};

/// Returns a configuration with a Ping every 20 seconds, and a timeout of 10 seconds for its Pong.
fn config() -> Config {
    every(secs(20), secs(10))
}

fn every(interval: Duration, timeout: Duration) -> Config {
    Config::default().keep_alive(KeepAlive { interval, timeout })
}

#[test]
fn there_is_no_keep_alive_by_default() {
    assert_eq!(Config::default().keep_alive, None);
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.poll_timeout(), None);
        endpoint.advance(secs(1_000_000));
        endpoint.assert_transmits_nothing();
    });
}

#[test]
fn a_ping_is_sent_at_every_interval() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(20)));
        endpoint.advance(millis(19_999));
        endpoint.assert_transmits_nothing();
        endpoint.advance(millis(1));
        endpoint.assert_transmits(&["89 04 00000001"]);
        assert_eq!(endpoint.receive(&["8a 04 00000001"]), [pong("00000001")]);
        endpoint.advance(millis(19_999));
        endpoint.assert_transmits_nothing();
        endpoint.advance(millis(1));
        endpoint.assert_transmits(&["89 04 00000002"]);
    });
}

#[test]
fn a_pong_ends_the_wait_even_if_the_time_out_is_longer_than_the_interval() {
    for_both_roles_with(&every(secs(10), secs(30)), |endpoint| {
        endpoint.advance(secs(10));
        endpoint.assert_transmits(&["89 04 00000001"]);
        endpoint.receive(&["8a 04 00000001"]);
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(10)));
        endpoint.advance(secs(10));
        endpoint.assert_transmits(&["89 04 00000002"]);
    });
}

#[test]
fn a_peer_that_answers_every_ping_stays_connected() {
    for_both_roles_with(&config(), |endpoint| {
        for n in 1..=100 {
            assert_eq!(endpoint.advance(secs(20)), []);
            let payload = format!("{n:08x}");
            endpoint.assert_transmits(&[&format!("89 04 {payload}")]);
            endpoint.receive(&[&format!("8a 04 {payload}")]);
        }
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn a_pong_that_is_overdue_fails_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent();
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(10)));
        assert_eq!(endpoint.advance(millis(9_999)), []);
        assert_eq!(endpoint.advance(millis(1)), [violated(Violation::PongOverdue)]);
        let reason = endpoint.assert_fails_connection(1008);
        assert_eq!(reason, "a Ping was not answered in time (a limit of this endpoint)");
        assert_eq!(endpoint.connection.close_info().violation, Some(Violation::PongOverdue));
        // A peer that did not answer a Ping in time gets no time to answer a Close.
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now));
        assert_eq!(endpoint.advance(Duration::ZERO), []);
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

#[test]
fn a_dead_peer_that_accepts_no_bytes_is_disconnected_when_its_pong_is_overdue() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.connection.send_binary(&[0; 10_000]).unwrap();
        assert_eq!(endpoint.advance(secs(20)), []);
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
        assert_eq!(endpoint.transmit_while_blocked(), []);
        assert_eq!(endpoint.advance(Duration::ZERO), []);
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
    });
}

#[test]
fn a_pong_one_millisecond_before_the_deadline_is_in_time() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent();
        endpoint.advance(millis(9_999));
        endpoint.receive(&["8a 04 00000001"]);
        assert_eq!(endpoint.advance(secs(10)), []);
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn bytes_of_a_large_frame_are_a_sign_of_life() {
    // The peer is in the middle of sending a large frame, and a Pong cannot overtake that frame.
    for_both_roles_with(&config().message_timeout(None), |endpoint| {
        assert_eq!(endpoint.receive(&["82 7e0400"]), []);
        endpoint.advance(secs(20));
        endpoint.take_sent();
        for _ in 0..10 {
            assert_eq!(endpoint.advance(secs(9)), []);
            assert_eq!(endpoint.receive_bytes(&[0; 10]), []);
        }
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_stops_in_the_middle_of_a_frame_fails_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent();
        endpoint.advance(secs(5));
        assert_eq!(endpoint.receive(&["82 7e0400"]), []);
        // The bytes that arrived extend the first deadline, but nothing extends the second one.
        let observed = endpoint.advance(secs(60));
        assert_eq!(observed, [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn bytes_of_a_compressed_message_are_a_sign_of_life_and_polling_is_not() {
    // These bytes are decompressed at once, so they do not stay in the input.
    let negotiated = negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
    for role in [Role::Client, Role::Server] {
        let mut endpoint =
            TestEndpoint::new(role, config().message_timeout(None)).with_deflate(&negotiated.clone().of(role));
        // The first bytes of a stored block of 1,000 bytes.
        assert_eq!(endpoint.receive(&["c2 7e03ee 00 e803 17fc"]), []);
        endpoint.advance(secs(20));
        endpoint.take_sent();
        for _ in 0..10 {
            assert_eq!(endpoint.advance(secs(9)), [], "{role:?}");
            assert_eq!(endpoint.receive_bytes(&[7; 10]), []);
        }
        assert_eq!(endpoint.connection.state(), State::Open);
        let mut failed = Vec::new();
        for _ in 0..60 {
            failed.extend(endpoint.advance(secs(1)));
            failed.extend(endpoint.poll_events());
            endpoint.transmit();
        }
        assert_eq!(failed, [violated(Violation::PongOverdue)], "{role:?}");
    }
}

#[test]
fn taking_the_input_buffer_is_not_a_sign_of_life() {
    // A driver takes the buffer before each read and after each deadline, whether or not bytes
    // arrive.
    for_both_roles_with(&config(), |endpoint| {
        let mut failed = Vec::new();
        for _ in 0..60 {
            assert!(endpoint.with_input(|input| input.is_empty()));
            failed.extend(endpoint.advance(secs(1)));
            endpoint.transmit();
        }
        assert_eq!(failed, [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn the_last_byte_of_a_frame_is_a_sign_of_life() {
    for_both_roles_with(&config(), |endpoint| {
        let bytes = endpoint.peer_frames(&["81 02 6f6b"]);
        let (most, last) = bytes.split_at(bytes.len() - 1);
        assert_eq!(endpoint.receive_bytes(most), []);
        endpoint.advance(secs(20));
        endpoint.take_sent();
        assert_eq!(endpoint.receive_bytes(last), [text("ok")]);
        assert_eq!(endpoint.advance(secs(10)), []);
    });
}

#[test]
fn unpolled_bytes_are_a_sign_of_life() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent();
        endpoint.receive_unpolled(&["81 02 6f6b"]);
        assert_eq!(endpoint.advance(secs(10)), []);
        assert_eq!(endpoint.poll_events(), [text("ok")]);
    });
}

#[test]
fn bytes_that_arrived_before_the_ping_are_not_an_answer() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive_unpolled(&["81 02 6f6b"]);
        endpoint.advance(secs(20));
        endpoint.take_sent();
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn a_pong_is_not_overdue_while_the_peer_reads_what_precedes_the_ping() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.connection.send_binary(&[0; 10_000]).unwrap();
        endpoint.advance(secs(20)); // The Ping is queued after the message.
        for _ in 0..5 {
            let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("nothing to send") };
            output.advance(1000);
            assert_eq!(endpoint.advance(secs(10)), [], "a peer that reads is alive");
        }
        assert_eq!(
            endpoint.advance(secs(10)),
            [violated(Violation::PongOverdue)],
            "the peer has read nothing for 10 seconds"
        );
    });
}

#[test]
fn a_pong_is_not_overdue_while_a_full_transport_accepts_what_follows_the_ping() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent(); // The Ping is in the buffers of the transport, after other bytes.
        endpoint.connection.send_binary(&[0; 10_000]).unwrap();
        for _ in 0..5 {
            endpoint.connection.handle_write_blocked();
            let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("nothing to send") };
            output.advance(1000);
            assert_eq!(endpoint.advance(secs(10)), [], "the peer has made room in full buffers");
        }
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

/// If the peer's cable is cut, the local kernel still accepts bytes until its buffers are full.
#[test]
fn bytes_that_are_accepted_before_the_transport_is_full_are_not_a_sign_of_life() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        let mut failed = Vec::new();
        for _ in 0..10 {
            endpoint.connection.send_binary(&[0; 1000]).unwrap();
            endpoint.take_sent();
            failed.extend(endpoint.advance(secs(1)));
        }
        assert_eq!(failed, [violated(Violation::PongOverdue)]);
    });
    // The same test, but the last message no longer fits into the kernel's buffers.
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.take_sent();
        endpoint.connection.send_binary(&[0; 1000]).unwrap();
        endpoint.connection.handle_write_blocked();
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn a_peer_that_reads_the_ping_and_does_not_answer_fails_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.connection.send_binary(&[0; 10_000]).unwrap(); // It is queued after the Ping.
        let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("nothing to send") };
        output.advance(1000);
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn messages_before_the_ping_are_not_an_answer() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(19));
        assert_eq!(endpoint.receive(&["81 02 6f6b"]), [text("ok")]);
        endpoint.advance(secs(1));
        endpoint.take_sent();
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn an_unsolicited_pong_before_the_ping_is_not_an_answer() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["8a 04 00000001"]); // No Ping has been sent yet.
        endpoint.advance(secs(20));
        endpoint.assert_transmits(&["89 04 00000001"]);
        assert_eq!(endpoint.advance(secs(10)), [violated(Violation::PongOverdue)]);
    });
}

#[test]
fn a_pong_for_a_later_ping_answers_the_earlier_ones_too() {
    // Section 5.5.3: an endpoint with several unanswered Pings may answer only the latest. Here,
    // the application sent the latest one.
    for_both_roles_with(&config(), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.connection.ping(b"app").unwrap();
        endpoint.assert_transmits(&["89 04 00000001", "89 03 617070"]);
        endpoint.advance(secs(1));
        assert_eq!(endpoint.receive(&["8a 03 617070"]), [pong("617070")]);
        // No Ping is unanswered now, so the peer may stay silent until the next Ping.
        for n in 2..=5 {
            let observed = endpoint.advance(secs(20));
            assert_eq!(observed, []);
            endpoint.assert_transmits(&[&format!("89 04 {n:08x}")]);
            endpoint.receive(&[&format!("8a 04 {n:08x}")]);
        }
    });
}

#[test]
fn maximal_keep_alive_times_do_not_overflow() {
    for_both_roles_with(&every(Duration::MAX, secs(1)), |endpoint| {
        endpoint.advance(secs(1_000_000));
        endpoint.assert_transmits_nothing();
    });
    for_both_roles_with(&every(secs(20), Duration::MAX), |endpoint| {
        endpoint.advance(secs(20));
        endpoint.assert_transmits(&["89 04 00000001"]);
        assert_eq!(endpoint.advance(secs(1_000_000)), []);
    });
}

#[test]
fn a_ping_is_not_repeated_while_its_pong_is_awaited() {
    for_both_roles_with(&every(secs(1), secs(10)), |endpoint| {
        endpoint.advance(secs(1));
        endpoint.assert_transmits(&["89 04 00000001"]);
        endpoint.advance(secs(9));
        endpoint.assert_transmits_nothing();
        endpoint.receive(&["8a 04 00000001"]);
        endpoint.advance(secs(1));
        endpoint.assert_transmits(&["89 04 00000002"]);
    });
}

#[test]
fn a_blocked_output_collects_no_pings() {
    for_both_roles_with(&config(), |endpoint| {
        for _ in 0..100 {
            // The peer sends messages, but reads nothing.
            endpoint.advance(secs(9));
            endpoint.receive(&["81 00"]);
            assert!(endpoint.transmit_while_blocked().is_empty());
        }
        assert!(endpoint.connection.queued_bytes() <= 10, "{} bytes of Pings", endpoint.connection.queued_bytes());
    });
}

#[test]
fn a_pong_is_an_event() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.connection.ping(b"x").unwrap();
        assert_eq!(endpoint.receive(&["8a 01 78"]), [pong("78")]);
    });
}

#[test]
fn no_keep_alive_ping_is_sent_after_a_close() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        // After the peer's Close, no Ping is sent and no Pong can be overdue.
        endpoint.receive(&["88 02 03e8"]);
        endpoint.transmit();
        endpoint.advance(secs(4));
        endpoint.assert_transmits_nothing();
    });
    for_both_roles_with(&config(), |endpoint| {
        // The endpoint sends a Close while it waits for a Pong.
        endpoint.advance(secs(20));
        endpoint.take_sent();
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)));
        assert_eq!(endpoint.advance(secs(60)), []);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn there_is_no_deadline_after_the_end_of_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.connection.poll_timeout(), None);
        assert_eq!(endpoint.advance(secs(100)), []);
        endpoint.assert_transmits_nothing();
    });
}

#[test]
fn two_endpoints_keep_each_other_alive() {
    let mut pair = LinkedPair::with_configs(config(), config());
    pair.advance(secs(3600));
    assert_eq!(pair.client.connection.state(), State::Open);
    assert_eq!(pair.server.connection.state(), State::Open);
    assert!(pair.observed_by_client.contains(&ping("000000b4")), "180 Pings in an hour");
    assert!(pair.observed_by_server.contains(&pong("000000b4")));
}

#[test]
fn a_dead_client_is_disconnected() {
    let mut pair = LinkedPair::with_configs(Config::default(), config());
    pair.run();
    pair.set_blocked(Role::Client, true); // As if a cable was pulled out.
    pair.advance(secs(20) + secs(10));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert_eq!(pair.server.connection.close_info().violation, Some(Violation::PongOverdue));
}

#[test]
fn a_peer_that_receives_but_does_not_send_receives_the_reason() {
    let mut pair = LinkedPair::with_configs(Config::default(), config());
    pair.set_blocked(Role::Server, true);
    pair.advance(secs(30));
    let reason = "a Ping was not answered in time (a limit of this endpoint)";
    assert_eq!(pair.observed_by_client, [ping("00000001"), close(1008, reason)]);
    assert_eq!(pair.server.connection.state(), State::Closed);
}

#[test]
fn a_keep_alive_ping_may_interrupt_a_fragmented_message() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.connection.send_fragment(MessageKind::Binary, &[1], false).unwrap();
        endpoint.advance(secs(20));
        endpoint.connection.send_fragment(MessageKind::Binary, &[2], true).unwrap();
        endpoint.assert_transmits(&["02 01 01", "89 04 00000001", "80 01 02"]);
        let observed = endpoint.receive(&["02 01 01", "8a 04 00000001", "80 01 02"]);
        assert_eq!(observed, [pong("00000001"), binary("0102")]);
    });
}

#[test]
fn a_client_masks_each_keep_alive_ping_with_a_new_key() {
    let keys = scripted_keys(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
    let mut client = TestEndpoint::client_with(config(), keys, Instant::now());
    client.advance(secs(20));
    assert_eq!(client.take_sent(), hex("89 84 01020304 01020305"));
    client.receive(&["8a 04 00000001"]);
    client.advance(secs(20));
    assert_eq!(client.take_sent(), hex("89 84 05060708 0506070a"));
}

//! Pings sent unasked, and what becomes of a peer that does not answer (section 5.5.2).

use std::time::Duration;

use crate::common::{
    End, Heard, Pair, binary, both, both_with, broken, close, deflate::agree, ms, ping, pong, s, text, wire,
};
use bytes::Buf;
use protocol::{Config, DeflateOptions, KeepAlive, Role, State, Transmit, Violation};

/// A Ping every 20 seconds, and 10 for the answer.
fn config() -> Config {
    every(s(20), s(10))
}

fn every(interval: Duration, timeout: Duration) -> Config {
    Config { keep_alive: Some(KeepAlive { interval, timeout }), ..Config::default() }
}

#[test]
fn there_is_no_keep_alive_by_default() {
    assert_eq!(Config::default().keep_alive, None);
    both(|end| {
        assert_eq!(end.connection.poll_timeout(), None);
        end.wait(s(1_000_000));
        end.transmits_nothing();
    });
}

#[test]
fn a_ping_is_sent_at_every_interval() {
    both_with(&config(), |end| {
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(20)));
        end.wait(ms(19_999));
        end.transmits_nothing();
        end.wait(ms(1));
        end.transmits(&["89 04 00000001"]);
        assert_eq!(end.hears(&["8a 04 00000001"]), [pong("00000001")]);
        end.wait(ms(19_999));
        end.transmits_nothing();
        end.wait(ms(1));
        end.transmits(&["89 04 00000002"]);
    });
}

#[test]
fn a_peer_that_answers_stays() {
    both_with(&config(), |end| {
        for n in 1..=100 {
            assert_eq!(end.wait(s(20)), []);
            let payload = format!("{n:08x}");
            end.transmits(&[&format!("89 04 {payload}")]);
            end.hears(&[&format!("8a 04 {payload}")]);
        }
        assert_eq!(end.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_is_silent_after_a_ping_fails_the_connection() {
    both_with(&config(), |end| {
        end.wait(s(20));
        end.sent();
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(10)));
        assert_eq!(end.wait(ms(9_999)), []);
        assert_eq!(end.wait(ms(1)), [broken(Violation::PongOverdue)]);
        let reason = end.transmits_failure(1008);
        assert_eq!(reason, "a Ping was not answered in time (RFC 6455, section 5.5.2)");
        assert_eq!(end.connection.close_info().violation, Some(Violation::PongOverdue));
        // It had its time; now the deadline for closing runs.
        assert_eq!(end.wait(s(5)), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn a_pong_in_the_last_moment_is_in_time() {
    both_with(&config(), |end| {
        end.wait(s(20));
        end.sent();
        end.wait(ms(9_999));
        end.hears(&["8a 04 00000001"]);
        assert_eq!(end.wait(s(10)), []);
        assert_eq!(end.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_whose_bytes_arrive_is_alive() {
    // A Pong cannot overtake the large frame in whose middle the peer is.
    both_with(&config(), |end| {
        assert_eq!(end.hears(&["82 7e0400"]), []);
        end.wait(s(20));
        end.sent();
        for _ in 0..10 {
            assert_eq!(end.wait(s(9)), []);
            assert_eq!(end.hears_bytes(&[0; 10]), []);
        }
        assert_eq!(end.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_falls_silent_in_the_middle_of_a_frame_is_dead() {
    both_with(&config(), |end| {
        end.wait(s(20));
        end.sent();
        end.wait(s(5));
        assert_eq!(end.hears(&["82 7e0400"]), []);
        // The first deadline is extended, because something was heard; not the second.
        let heard = end.wait(s(60));
        assert_eq!(heard, [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn bytes_of_a_compressed_message_are_a_sign_of_life_and_looking_for_them_is_none() {
    // They do not stay in the input: what has arrived is decompressed at once.
    let (of_client, of_server) = agree(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
    for (role, compression) in [(Role::Client, of_client), (Role::Server, of_server)] {
        let mut end = End::new(role, config()).compressing(&compression);
        // A stored block of 1,000 bytes begins.
        assert_eq!(end.hears(&["c2 7e03ee 00 e803 17fc"]), []);
        end.wait(s(20));
        end.sent();
        for _ in 0..10 {
            assert_eq!(end.wait(s(9)), [], "{role:?}");
            assert_eq!(end.hears_bytes(&[7; 10]), []);
        }
        assert_eq!(end.connection.state(), State::Open);
        let mut failed = Vec::new();
        for _ in 0..60 {
            failed.extend(end.wait(s(1)));
            failed.extend(end.events());
            end.steps();
        }
        assert_eq!(failed, [broken(Violation::PongOverdue)], "{role:?}");
    }
}

#[test]
fn asking_for_the_input_buffer_is_not_hearing_from_the_peer() {
    // A driver asks for the buffer before it reads, and again after each deadline, whether anything comes or not.
    both_with(&config(), |end| {
        let mut failed = Vec::new();
        for _ in 0..60 {
            assert!(end.connection.input().is_empty());
            failed.extend(end.wait(s(1)));
            end.steps();
        }
        assert_eq!(failed, [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn the_rest_of_a_frame_is_a_sign_of_life_although_nothing_of_it_stays() {
    both_with(&config(), |end| {
        let bytes = wire(crate::common::peer_of(end.role()), &["81 02 6f6b"]);
        let (most, last) = bytes.split_at(bytes.len() - 1);
        assert_eq!(end.hears_bytes(most), []);
        end.wait(s(20));
        end.sent();
        assert_eq!(end.hears_bytes(last), [text("ok")]);
        assert_eq!(end.wait(s(10)), []);
    });
}

#[test]
fn bytes_that_nobody_has_looked_at_yet_are_a_sign_of_life() {
    both_with(&config(), |end| {
        end.wait(s(20));
        end.sent();
        end.connection.receive(&wire(crate::common::peer_of(end.role()), &["81 02 6f6b"]));
        assert_eq!(end.wait(s(10)), []);
        assert_eq!(end.events(), [text("ok")]);
    });
}

#[test]
fn bytes_that_were_there_before_the_ping_are_no_answer() {
    both_with(&config(), |end| {
        end.connection.receive(&wire(crate::common::peer_of(end.role()), &["81 02 6f6b"]));
        end.wait(s(20));
        end.sent();
        assert_eq!(end.wait(s(10)), [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn a_ping_that_is_stuck_behind_a_large_message_cannot_be_overdue() {
    both_with(&config(), |end| {
        end.connection.send_binary(&[0; 10_000]).unwrap();
        end.wait(s(20)); // the Ping is queued behind it
        for _ in 0..5 {
            let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() else { panic!("nothing to send") };
            output.advance(1000);
            assert_eq!(end.wait(s(10)), [], "as long as the peer takes what is before it, it is alive");
        }
        assert_eq!(end.wait(s(10)), [broken(Violation::PongOverdue)], "and now it has taken nothing for 10 seconds");
    });
}

#[test]
fn a_peer_that_only_takes_is_dead_once_the_ping_is_out() {
    both_with(&config(), |end| {
        end.wait(s(20));
        end.connection.send_binary(&[0; 10_000]).unwrap(); // behind the Ping
        let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() else { panic!("nothing to send") };
        output.advance(1000);
        assert_eq!(end.wait(s(10)), [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn what_was_heard_before_the_ping_is_no_answer() {
    both_with(&config(), |end| {
        end.wait(s(19));
        assert_eq!(end.hears(&["81 02 6f6b"]), [text("ok")]);
        end.wait(s(1));
        end.sent();
        assert_eq!(end.wait(s(10)), [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn a_pong_nobody_asked_for_is_a_sign_of_life_and_no_answer() {
    both_with(&config(), |end| {
        end.hears(&["8a 04 00000001"]); // before there was a Ping
        end.wait(s(20));
        end.transmits(&["89 04 00000001"]);
        assert_eq!(end.wait(s(10)), [broken(Violation::PongOverdue)]);
    });
}

#[test]
fn a_pong_for_a_later_ping_answers_the_earlier_ones_too() {
    // 5.5.3: whoever has several Pings to answer may answer the latest alone. Here that is one of the application's.
    both_with(&config(), |end| {
        end.wait(s(20));
        end.connection.ping(b"app").unwrap();
        end.transmits(&["89 04 00000001", "89 03 617070"]);
        end.wait(s(1));
        assert_eq!(end.hears(&["8a 03 617070"]), [pong("617070")]);
        // The peer has done its duty, and need not say anything until it is asked again.
        for n in 2..=5 {
            let heard = end.wait(s(20));
            assert_eq!(heard, []);
            end.transmits(&[&format!("89 04 {n:08x}")]);
            end.hears(&[&format!("8a 04 {n:08x}")]);
        }
    });
}

#[test]
fn unlimited_times_are_no_danger_to_arithmetic() {
    both_with(&every(Duration::MAX, s(1)), |end| {
        end.wait(s(1_000_000));
        end.transmits_nothing();
    });
    both_with(&every(s(20), Duration::MAX), |end| {
        end.wait(s(20));
        end.transmits(&["89 04 00000001"]);
        assert_eq!(end.wait(s(1_000_000)), []);
    });
}

#[test]
fn a_ping_is_not_repeated_while_its_answer_is_awaited() {
    both_with(&every(s(1), s(10)), |end| {
        end.wait(s(1));
        end.transmits(&["89 04 00000001"]);
        end.wait(s(9));
        end.transmits_nothing();
        end.hears(&["8a 04 00000001"]);
        end.wait(s(1));
        end.transmits(&["89 04 00000002"]);
    });
}

#[test]
fn a_blocked_output_gathers_no_pings() {
    both_with(&config(), |end| {
        for _ in 0..100 {
            // The peer is alive and sends, but reads nothing.
            end.wait(s(9));
            end.hears(&["81 00"]);
            assert!(end.steps_while_blocked().is_empty());
        }
        assert!(end.connection.queued_bytes() <= 10, "{} bytes of Pings", end.connection.queued_bytes());
    });
}

#[test]
fn the_application_hears_the_pongs() {
    both_with(&config(), |end| {
        end.connection.ping(b"x").unwrap();
        assert_eq!(end.hears(&["8a 01 78"]), [pong("78")]);
    });
}

#[test]
fn no_ping_after_a_close() {
    both_with(&config(), |end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        // The answer comes, and then nothing: no Ping, and no Pong that could be overdue.
        end.hears(&["88 02 03e8"]);
        end.steps();
        end.wait(s(4));
        end.transmits_nothing();
    });
    both_with(&config(), |end| {
        // A Close in the time in which a Pong is awaited.
        end.wait(s(20));
        end.sent();
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        assert_eq!(end.wait(s(60)), []);
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn no_deadline_after_the_end() {
    both_with(&config(), |end| {
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.poll_timeout(), None);
        assert_eq!(end.wait(s(100)), []);
        end.transmits_nothing();
    });
}

#[test]
fn two_ends_that_ping_each_other_keep_each_other_alive() {
    let mut pair = Pair::with(config(), config());
    pair.wait(s(3600));
    assert_eq!(pair.client.connection.state(), State::Open);
    assert_eq!(pair.server.connection.state(), State::Open);
    assert!(pair.heard_by_client.contains(&ping("000000b4")), "180 Pings in an hour");
    assert!(pair.heard_by_server.contains(&pong("000000b4")));
}

#[test]
fn a_dead_client_is_noticed_and_dropped() {
    let mut pair = Pair::with(Config::default(), config());
    pair.drive();
    pair.block(Role::Client, true); // the cable is pulled
    pair.wait(s(20) + s(10) + s(5));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert_eq!(pair.server.connection.close_info().violation, Some(Violation::PongOverdue));
}

#[test]
fn a_dead_peer_that_comes_back_hears_why_it_was_dropped() {
    let mut pair = Pair::with(Config::default(), config());
    pair.block(Role::Client, true);
    pair.wait(s(31));
    assert_eq!(pair.heard_by_client, []);
    pair.block(Role::Client, false);
    pair.drive();
    let reason = "a Ping was not answered in time (RFC 6455, section 5.5.2)";
    assert_eq!(pair.heard_by_client, [ping("00000001"), close(1008, reason)]);
    assert_eq!(pair.client.connection.state(), State::Closed);
}

#[test]
fn a_ping_of_the_keep_alive_does_not_disturb_a_message() {
    both_with(&config(), |end| {
        end.connection.send_fragment(protocol::MessageKind::Binary, &[1], false).unwrap();
        end.wait(s(20));
        end.connection.send_fragment(protocol::MessageKind::Binary, &[2], true).unwrap();
        end.transmits(&["02 01 01", "89 04 00000001", "80 01 02"]);
        let bytes = wire(crate::common::peer_of(end.role()), &["02 01 01", "8a 04 00000001", "80 01 02"]);
        let heard: Vec<Heard> = end.hears_bytes(&bytes);
        assert_eq!(heard, [pong("00000001"), binary("0102")]);
    });
}

#[test]
fn the_numbers_of_a_client_are_masked_with_keys_of_their_own() {
    let now = std::time::Instant::now();
    let keys = crate::common::scripted_keys(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
    let mut client = End { connection: protocol::Connection::client(config(), keys, now), now };
    client.wait(s(20));
    assert_eq!(client.sent(), crate::common::hex("89 84 01020304 01020305"));
    client.hears(&["8a 04 00000001"]);
    client.wait(s(20));
    assert_eq!(client.sent(), crate::common::hex("89 84 05060708 0506070a"));
}

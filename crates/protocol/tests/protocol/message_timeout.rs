//! The time-out for a message that has begun to arrive. It is a limit of this implementation, as
//! section 10.4 suggests.

use std::time::Duration;

use protocol::{Config, DeflateOptions, KeepAlive, MessageTimeout, Role, State, Violation, extension::Deflater};
use testkit::{
    deflate::negotiate,
    duration::{millis, secs},
    endpoint::{TestEndpoint, for_both_roles, for_both_roles_with},
    frames::{
        first_byte::{BINARY, RSV1},
        frame_from, peer_of,
    },
    observed::{Observed, binary, ping, text, violated},
};

/// Returns a configuration that allows 60 seconds for a message, plus one second for each KiB of
/// it.
fn config() -> Config {
    Config::default().message_timeout(Some(MessageTimeout { base: secs(60), per_kib: secs(1) }))
}

/// Returns what an endpoint observes when the time for a message has run out.
fn too_slow(received: usize, elapsed: Duration) -> [Observed; 1] {
    [violated(Violation::MessageTooSlow { received, elapsed })]
}

/// Receives one byte every `step`, and stops at the first violation. Returns the time until then.
fn trickle(endpoint: &mut TestEndpoint, bytes: &[u8], step: Duration) -> Option<Duration> {
    let start = endpoint.now;
    for byte in bytes {
        assert_eq!(endpoint.receive_bytes(&[*byte]), []);
        if !endpoint.advance(step).is_empty() {
            return Some(endpoint.now - start);
        }
    }
    None
}

#[test]
fn a_message_of_one_byte_per_ping_interval_does_not_live_forever() {
    let keep_alive = KeepAlive { interval: secs(20), timeout: secs(20) };
    for_both_roles_with(&config().keep_alive(keep_alive), |endpoint| {
        endpoint.receive(&["82 7e0400"]);
        let ended = trickle(endpoint, &[0; 1024], secs(15));
        assert_eq!(ended, Some(secs(60)), "after the fourth byte");
    });
}

#[test]
fn a_message_that_is_too_slow_fails_the_connection_with_1008() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.receive(&["81 7e0400"]), []);
        assert_eq!(endpoint.receive_bytes(b"abc"), []);
        assert_eq!(endpoint.advance(millis(59_999)), []);
        assert_eq!(endpoint.advance(millis(1)), too_slow(3, secs(60)));
        let reason = endpoint.assert_fails_connection(1008);
        assert_eq!(reason, "a message arrives too slowly: 3 bytes of it in 60.0 s (a limit of this endpoint)");
        // The deadline for closing starts now.
        assert_eq!(endpoint.advance(secs(5)), []);
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

#[test]
fn a_frame_header_that_trickles_in_fails_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        let header = endpoint.peer_frames(&["82 7f0000000000010000"]);
        assert_eq!(trickle(endpoint, &header[..header.len() - 1], secs(9)), Some(secs(63)), "at 60 s");
    });
}

#[test]
fn a_control_frame_that_trickles_in_fails_the_connection() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.receive(&["89 7d"]), []);
        assert_eq!(trickle(endpoint, &[b'p'; 124], secs(1)), Some(secs(60)));
    });
}

#[test]
fn a_control_frame_that_has_arrived_is_not_the_beginning_of_the_next_message() {
    for_both_roles_with(&config(), |endpoint| {
        let bytes = endpoint.peer_frames(&["89 01 70", "81 01 61"]);
        let (ping_bytes, text_bytes) = bytes.split_at(bytes.len() / 2);
        assert_eq!(endpoint.receive_bytes(&ping_bytes[..1]), []);
        assert_eq!(endpoint.advance(secs(30)), []);
        // One read brings the rest of the Ping and the first byte of a message.
        let read = [&ping_bytes[1..], &text_bytes[..1]].concat();
        assert_eq!(endpoint.receive_bytes(&read), [ping("70")]);
        assert_eq!(endpoint.advance(secs(59)), []);
        assert_eq!(endpoint.advance(secs(1)), too_slow(0, secs(60)));
    });
}

#[test]
fn pings_between_fragments_do_not_extend_the_time() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 61"]);
        // If Pings counted, these 59 payloads of 125 bytes would extend the time by seven seconds.
        for _ in 0..59 {
            assert_eq!(endpoint.advance(secs(1)), []);
            let payload = "00".repeat(125);
            assert_eq!(endpoint.receive(&[&format!("89 7d {payload}")]), [ping(&payload)]);
        }
        assert_eq!(endpoint.advance(secs(1)), too_slow(1, secs(60)));
    });
}

#[test]
fn empty_fragments_do_not_extend_the_time() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["02 00"]);
        for _ in 0..59 {
            assert_eq!(endpoint.advance(secs(1)), []);
            assert_eq!(endpoint.receive(&["00 00"; 500]), []);
        }
        assert_eq!(endpoint.advance(secs(1)), too_slow(0, secs(60)));
    });
}

#[test]
fn only_the_compressed_bytes_of_a_message_extend_the_time() {
    // 64 KiB of zeros compress to less than 1 KiB, so they do not extend the time.
    let negotiated = || negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
    let compressed = Deflater::new(&negotiated().client).deflate(&vec![0; 64 << 10], true);
    assert!(compressed.len() < 1024, "{} bytes", compressed.len());
    for role in [Role::Server, Role::Client] {
        let mut endpoint = TestEndpoint::new(role, config()).with_deflate(&negotiated().of(role));
        let frame = frame_from(peer_of(role), BINARY | RSV1, &compressed);
        assert_eq!(endpoint.receive_bytes(&frame[..frame.len() - 1]), []);
        let received = compressed.len() - 1;
        assert_eq!(endpoint.advance(secs(60)), too_slow(received, secs(60)), "{role:?}");
    }
}

#[test]
fn each_kib_that_has_arrived_extends_the_time() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.receive(&["82 7f0000000000010000"]), []);
        // These bytes are 1,000 more than 10 KiB, but only the 10 whole KiB count.
        assert_eq!(endpoint.receive_bytes(&vec![0; 10 * 1024 + 1000]), []);
        assert_eq!(endpoint.advance(millis(69_999)), []);
        assert_eq!(endpoint.advance(millis(1)), too_slow(10 * 1024 + 1000, secs(70)));
    });
}

#[test]
fn a_message_at_the_minimum_rate_is_received_however_long_it_takes() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.receive(&["82 7f0000000000040000"]), []);
        for _ in 0..255 {
            assert_eq!(endpoint.receive_bytes(&[0; 1024]), []);
            assert_eq!(endpoint.advance(secs(1)), []);
        }
        let observed = endpoint.receive_bytes(&[0; 1024]);
        assert_eq!(observed.len(), 1, "256 KiB in 255 s");
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn each_message_has_its_own_time() {
    for_both_roles_with(&config(), |endpoint| {
        let whole = endpoint.peer_frames(&["81 02 6869"]);
        let cut_at = |len| (whole[..len].to_vec(), whole[len..].to_vec());
        let fragments = (endpoint.peer_frames(&["01 01 68"]), endpoint.peer_frames(&["80 01 69"]));
        // The read ends within the header, within the payload, or between fragments.
        for (beginning, end) in [cut_at(1), cut_at(whole.len() - 1), fragments] {
            assert_eq!(endpoint.receive_bytes(&beginning), []);
            // Each read ends one message and begins the next, so a message is always incomplete.
            for _ in 0..10 {
                assert_eq!(endpoint.advance(secs(59)), []);
                let read = [&end[..], &beginning].concat();
                assert_eq!(endpoint.receive_bytes(&read), [text("hi")], "{beginning:?}");
            }
            assert_eq!(endpoint.receive_bytes(&end), [text("hi")]);
        }
    });
}

#[test]
fn no_deadline_is_left_after_a_complete_message() {
    for_both_roles_with(&config(), |endpoint| {
        assert_eq!(endpoint.connection.poll_timeout(), None, "nothing has arrived");
        assert_eq!(endpoint.receive(&["82 01 00"]), [binary("00")]);
        assert_eq!(endpoint.connection.poll_timeout(), None, "nothing was ever incomplete");
        endpoint.receive(&["02 01 00"]);
        assert_eq!(endpoint.receive(&["80 00"]), [binary("00")]);
        assert_eq!(endpoint.advance(secs(60)), []);
        assert_eq!(endpoint.connection.poll_timeout(), None);
    });
}

#[test]
fn a_message_may_end_at_the_last_moment() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        endpoint.advance(millis(59_999));
        assert_eq!(endpoint.receive(&["80 01 69"]), [text("hi")]);
        assert_eq!(endpoint.advance(secs(1000)), []);
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

#[test]
fn a_message_is_too_slow_while_closing_too() {
    // This `close_timeout` is longer than the time for the message.
    for_both_roles_with(&config().close_timeout(Duration::MAX), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        endpoint.close(1000, "");
        endpoint.take_sent();
        assert_eq!(endpoint.advance(secs(60)), too_slow(1, secs(60)));
        assert_eq!(endpoint.connection.close_info().violation.unwrap().close_code().0, 1008);
    });
}

#[test]
fn after_the_peers_close_no_message_is_awaited() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        endpoint.receive(&["88 00"]);
        endpoint.transmit();
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)), "the deadline for closing");
    });
}

// ---- The peer is not blamed for our own slowness ------------------------------------------------

#[test]
fn a_deadline_that_nobody_watched_starts_again() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        // The application comes back after an hour. The rest of the message may already be waiting
        // in the socket.
        endpoint.now += secs(3600);
        assert_eq!(endpoint.connection.handle_timeout(endpoint.now), Ok(()));
        assert_eq!(endpoint.advance(millis(59_999)), []);
        assert_eq!(endpoint.advance(millis(1)), too_slow(1, secs(60)));
    });
}

#[test]
fn a_deadline_that_is_noticed_within_a_second_was_watched() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        endpoint.now += secs(61);
        let elapsed = secs(61);
        assert_eq!(
            endpoint.connection.handle_timeout(endpoint.now),
            Err(Violation::MessageTooSlow { received: 1, elapsed })
        );
    });
}

#[test]
fn bytes_that_were_read_and_not_processed_give_the_peer_the_time_again() {
    for_both_roles_with(&config(), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        endpoint.advance(secs(59));
        // The application is waiting to send, so it reads bytes without processing them.
        endpoint.receive_unpolled(&["80 01 69"]);
        assert_eq!(endpoint.advance(secs(2)), []);
        assert_eq!(endpoint.poll_events(), [text("hi")]);
    });
}

#[test]
fn unprocessed_bytes_after_a_complete_message_are_not_too_slow() {
    for_both_roles_with(&config(), |endpoint| {
        // The header of the first message arrives in two reads, and the fast path then decodes the
        // whole message.
        let frames = endpoint.peer_frames(&["81 02 6869", "81 02 6869"]);
        let (whole, next) = frames.split_at(frames.len() / 2);
        assert_eq!(endpoint.receive_bytes(&whole[..1]), []);
        endpoint.connection.receive(&whole[1..]);
        assert!(endpoint.connection.poll_message().is_some());
        endpoint.connection.receive(&next[..1]);
        assert_eq!(endpoint.advance(secs(60)), []);
        assert_eq!(endpoint.receive_bytes(&next[1..]), [text("hi")]);
    });
}

#[test]
fn a_peer_is_not_blamed_while_reading_is_paused() {
    let keep_alive = KeepAlive { interval: secs(50), timeout: secs(20) };
    for_both_roles_with(&config().keep_alive(keep_alive), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        for _ in 0..20 {
            endpoint.connection.handle_reading_paused(endpoint.now);
            assert_eq!(endpoint.advance(secs(10)), []);
            endpoint.take_sent();
        }
        assert_eq!(endpoint.receive(&["80 01 69"]), [text("hi")]);
    });
}

// ---- The option ---------------------------------------------------------------------------------

#[test]
fn a_message_has_60_seconds_and_one_for_each_kib_by_default() {
    assert_eq!(Config::default().message_timeout, Some(MessageTimeout::default()));
    for_both_roles(|endpoint| {
        endpoint.receive(&["82 7e1000"]);
        endpoint.receive_bytes(&[0; 2048]);
        assert_eq!(endpoint.advance(secs(61)), []);
        assert_eq!(endpoint.advance(secs(1)), too_slow(2048, secs(62)));
    });
}

#[test]
fn without_the_option_a_message_may_take_any_time() {
    for_both_roles_with(&Config::default().message_timeout(None), |endpoint| {
        endpoint.receive(&["01 01 68"]);
        assert_eq!(endpoint.connection.poll_timeout(), None);
        assert_eq!(endpoint.advance(secs(1_000_000)), []);
        assert_eq!(endpoint.receive(&["80 01 69"]), [text("hi")]);
    });
}

#[test]
fn a_time_that_the_clock_cannot_represent_is_no_limit() {
    let timeouts = [
        MessageTimeout { base: Duration::MAX, per_kib: Duration::ZERO },
        MessageTimeout { base: secs(60), per_kib: Duration::MAX },
    ];
    for timeout in timeouts {
        for_both_roles_with(&Config::default().message_timeout(Some(timeout)), |endpoint| {
            endpoint.receive(&["82 7e1000"]);
            endpoint.receive_bytes(&[0; 2048]);
            assert_eq!(endpoint.advance(secs(1_000_000)), []);
        });
    }
}

#[test]
fn a_whole_message_can_have_a_fixed_time() {
    let timeout = MessageTimeout { base: secs(60), per_kib: Duration::ZERO };
    for_both_roles_with(&Config::default().message_timeout(Some(timeout)), |endpoint| {
        endpoint.receive(&["82 7e1000"]);
        endpoint.receive_bytes(&[0; 2048]);
        assert_eq!(endpoint.advance(secs(60)), too_slow(2048, secs(60)));
    });
}

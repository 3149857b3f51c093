//! Section 6.2: frames do not depend on the reads in which they arrive.

use protocol::{Config, Violation};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::{frames_from, peer_of},
    observed::{Observed, binary, text, violated},
};

use super::header::payload;

#[test]
fn a_short_read_is_not_an_error() {
    for frames in [
        &["81 05 48656c6c6f"][..],
        &["82 7e0080"],
        &["82 7f0000000000010000"],
        &["01 03 48656c", "89 02 6869", "80 02 6c6f"],
        &["88 05 0fa0 627965"],
    ] {
        for_both_roles(|endpoint| {
            let bytes = endpoint.peer_frames(frames);
            for cut in 0..bytes.len() {
                let mut endpoint = TestEndpoint::new(endpoint.role(), Config::default());
                let observed = endpoint.receive_bytes(&bytes[..cut]);
                assert!(
                    observed.iter().all(|observed| !matches!(observed, Observed::Violation(_))),
                    "cut at {cut}: {observed:?}"
                );
            }
        });
    }
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    for_both_roles(|endpoint| {
        let bytes = endpoint.peer_frames(&["81 05 48656c6c6f"]);
        let (last, before) = bytes.split_last().unwrap();
        for byte in before {
            assert_eq!(endpoint.receive_bytes(&[*byte]), []);
        }
        assert_eq!(endpoint.receive_bytes(&[*last]), [text("Hello")]);
    });
}

#[test]
fn two_frames_in_one_read_are_two_events() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["81 05 48656c6c6f", "81 02 6f6b"]), [text("Hello"), text("ok")]);
        assert_eq!(endpoint.receive(&["82 00", "81 00", "82 01 00"]), [binary(""), text(""), binary("00")]);
    });
}

#[test]
fn a_hundred_frames_in_one_read_are_a_hundred_events_in_order() {
    for_both_roles(|endpoint| {
        let frames: Vec<String> = (0..100).map(|n| format!("82 01 {n:02x}")).collect();
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let expected: Vec<Observed> = (0..100).map(|n| Observed::Binary(vec![n])).collect();
        assert_eq!(endpoint.receive(&frames), expected);
    });
}

#[test]
fn a_read_may_end_within_a_frame() {
    for_both_roles(|endpoint| {
        let bytes = endpoint.peer_frames(&["81 02 6f6b", "81 05 48656c6c6f"]);
        let (first, second) = bytes.split_at(bytes.len() - 3);
        assert_eq!(endpoint.receive_bytes(first), [text("ok")]);
        assert_eq!(endpoint.connection.payload_remaining(), 3);
        assert_eq!(endpoint.receive_bytes(second), [text("Hello")]);
        assert_eq!(endpoint.connection.payload_remaining(), 0);
    });
}

#[test]
fn payload_remaining_is_the_part_of_the_payload_that_has_not_arrived() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.payload_remaining(), 0);
        assert_eq!(endpoint.receive(&["82 7e0400"]), []);
        assert_eq!(endpoint.connection.payload_remaining(), 1024);
        assert_eq!(endpoint.receive_bytes(&[0; 1000]), []);
        assert_eq!(endpoint.connection.payload_remaining(), 24);
        assert_eq!(endpoint.receive_bytes(&[0; 24]), [Observed::Binary(vec![0; 1024])]);
        assert_eq!(endpoint.connection.payload_remaining(), 0);
    });
}

/// The first byte of a frame is enough to tell, and the answer stays the same until the frame is
/// complete.
#[test]
fn is_message_next_tells_messages_from_control_frames() {
    for (frame, is_message) in [
        ("82 04 00010203", true),
        ("82 00", true),
        ("01 03 616263", true),
        ("89 05 48656c6c6f", false),
        ("88 05 03e8 627965", false),
        ("8a 00", false),
    ] {
        for_both_roles(|endpoint| {
            assert!(!endpoint.connection.is_message_next(), "nothing has arrived");
            let bytes = frames_from(peer_of(endpoint.role()), &[frame]);
            let (last, before) = bytes.split_last().unwrap();
            for byte in before {
                endpoint.receive_bytes(&[*byte]);
                assert_eq!(endpoint.connection.is_message_next(), is_message, "{frame}");
            }
            endpoint.receive_bytes(&[*last]);
            assert!(!endpoint.connection.is_message_next(), "after {frame}");
        });
    }
    // A control frame may come between two fragments.
    for_both_roles(|endpoint| {
        endpoint.receive(&["01 03 616263"]);
        endpoint.connection.receive(&frames_from(peer_of(endpoint.role()), &["89 00", "80 00"]));
        assert!(!endpoint.connection.is_message_next());
        drop(endpoint.connection.poll_event(endpoint.now));
        assert!(endpoint.connection.is_message_next());
    });
    // An unknown opcode is a violation, which `poll_event` reports without waiting for more.
    for_both_roles(|endpoint| {
        endpoint.connection.receive(&[0x83]);
        assert!(!endpoint.connection.is_message_next());
    });
}

#[test]
fn has_complete_frame_does_not_consume_the_frame() {
    for_both_roles(|endpoint| {
        let sender = peer_of(endpoint.role());
        assert!(!endpoint.connection.has_complete_frame());
        endpoint.connection.receive(&frames_from(sender, &["81 02 6f6b", "81 02 6f6b"]));
        assert!(endpoint.connection.has_complete_frame());
        drop(endpoint.connection.poll_event(endpoint.now));
        assert!(endpoint.connection.has_complete_frame());
        drop(endpoint.connection.poll_event(endpoint.now));
        assert!(!endpoint.connection.has_complete_frame());

        // Half a frame is not complete.
        endpoint.connection.receive(&frames_from(sender, &["81 05 4865"]));
        assert!(!endpoint.connection.has_complete_frame());
    });
}

#[test]
fn has_complete_frame_works_for_every_kind_of_frame() {
    for frame in ["89 05 48656c6c6f", "88 05 03e8 627965", "01 03 616263", "82 04 00010203", "82 00", "8a 00"] {
        for_both_roles(|endpoint| {
            let bytes = endpoint.peer_frames(&[frame]);
            for (arrived, byte) in bytes.iter().enumerate() {
                assert!(!endpoint.connection.has_complete_frame(), "{arrived} bytes of {frame}");
                endpoint.connection.receive(&[*byte]);
            }
            assert!(endpoint.connection.has_complete_frame(), "{frame}");
        });
    }
}

#[test]
fn a_frame_is_complete_when_its_last_byte_has_arrived() {
    for_both_roles(|endpoint| {
        let bytes = endpoint.peer_frames(&["81 05 48656c6c6f"]);
        endpoint.connection.receive(&bytes[..bytes.len() - 2]);
        assert_eq!(endpoint.poll_events(), [], "the frame is incomplete");
        endpoint.connection.receive(&bytes[bytes.len() - 2..bytes.len() - 1]);
        assert!(!endpoint.connection.has_complete_frame());
        endpoint.connection.receive(&bytes[bytes.len() - 1..]);
        assert!(endpoint.connection.has_complete_frame());
        assert_eq!(endpoint.poll_events(), [text("Hello")]);
    });
}

#[test]
fn an_invalid_frame_counts_as_complete_and_the_frames_after_it_do_not() {
    for_both_roles(|endpoint| {
        let sender = peer_of(endpoint.role());
        endpoint.connection.receive(&frames_from(sender, &["83 00"]));
        assert!(endpoint.connection.has_complete_frame());
        assert_eq!(endpoint.poll_events(), [violated(Violation::ReservedOpcode(3))]);
        endpoint.connection.receive(&frames_from(sender, &["81 02 6f6b"]));
        assert!(!endpoint.connection.has_complete_frame());
    });
}

#[test]
fn the_bytes_of_a_payload_do_not_affect_framing() {
    // Payloads that contain the bytes of a Close, a line end, and a zero byte.
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["82 06 00ff 8800 0d0a", "81 03 61 00 62"]),
            [binary("00ff88000d0a"), text("a\0b")]
        );
    });
}

#[test]
fn a_large_message_can_be_kept_while_more_bytes_arrive() {
    // A message above 64 KiB shares the memory of the input. Later bytes must not overwrite it.
    for_both_roles(|endpoint| {
        let payload = payload(70_000);
        let large = [endpoint.peer_frames(&["82 7f0000000000011170"]), payload.clone()].concat();
        let small = endpoint.peer_frames(&["81 02 6f6b"]);
        let half = endpoint.peer_frames(&["81 05 48656c6c6f"]);
        let observed = endpoint.receive_bytes(&[&large[..], &small, &large, &half[..half.len() - 2]].concat());
        assert_eq!(observed, [Observed::Binary(payload.clone()), text("ok"), Observed::Binary(payload)]);
        assert_eq!(endpoint.receive_bytes(&half[half.len() - 2..]), [text("Hello")]);
    });
}

#[test]
fn a_message_that_is_dropped_is_skipped() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 05 48656c6c6f", "82 01 00", "81 02 6f6b"]);
        drop(endpoint.connection.poll_event(endpoint.now)); // Hello
        drop(endpoint.connection.poll_event(endpoint.now)); // 00
        assert_eq!(endpoint.poll_events(), [text("ok")]);
    });
}

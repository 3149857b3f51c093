//! The fast path, for messages that are one complete frame in the input. It must return the same
//! messages as `poll_event`, and leave everything else to it.

use bytes::{Buf, BytesMut};
use protocol::{Config, Event, Limits, Message, MessageRef, Role, State, Transmit, UsageError, Violation};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles, for_both_roles_with},
    frames::{first_byte::BINARY, frame_from, frames_from, peer_of},
    observed::{Observed, binary, close, ping, pong, text, violated},
};

/// Returns all messages that the fast path finds.
fn poll_messages(endpoint: &mut TestEndpoint) -> Vec<Message> {
    std::iter::from_fn(|| endpoint.connection.poll_message().map(MessageRef::into_message)).collect()
}

/// Encodes a binary message in one frame, as the endpoint's peer sends it.
fn peer_message(endpoint: &TestEndpoint, length: usize) -> Vec<u8> {
    frame_from(peer_of(endpoint.role()), BINARY, vec![0x55; length])
}

// ---- Messages -----------------------------------------------------------------------------------

#[test]
fn the_fast_path_returns_messages_in_one_frame() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 05 48656c6c6f", "82 02 00ff", "81 00"]);
        assert_eq!(
            poll_messages(endpoint),
            [Message::text("Hello"), Message::binary(&b"\0\xff"[..]), Message::text("")]
        );
        assert_eq!(endpoint.poll_events(), []);
    });
}

#[test]
fn the_fast_path_reads_lengths_of_7_and_16_bits() {
    for_both_roles(|endpoint| {
        for length in [0, 1, 124, 125, 126, 127, 128, 1000, 10_000] {
            // The message is alone in the input, or another message follows it.
            for count in [1, 2] {
                endpoint.connection.receive(&peer_message(endpoint, length).repeat(count));
                assert_eq!(poll_messages(endpoint), vec![Message::binary(vec![0x55; length]); count], "{length} bytes");
            }
        }
    });
}

#[test]
fn the_fast_path_leaves_all_other_frames_to_the_slow_path() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(20_000)), |endpoint| {
        let role = endpoint.role();
        let cases: [(&[&str], Observed); 9] = [
            (&["89 01 61"], ping("61")),
            (&["8a 01 61"], pong("61")),
            (&["88 02 03e8"], close(1000, "")),
            (&["02 01 61", "80 01 62"], binary("6162")),
            (&["83 00"], violated(Violation::ReservedOpcode(3))),
            (&["c1 01 61"], violated(Violation::ReservedBitsSet(0x40))),
            (&["81 01 ff"], violated(Violation::TextNotUtf8)),
            (&["82 7e0005 0102030405"], violated(Violation::LengthNotShortest(5))),
            (&["82 7e4e21"], violated(Violation::FrameTooBig { length: 20_001, limit: 20_000 })),
        ];
        for (frames, observed) in cases {
            let mut endpoint = TestEndpoint::new(role, Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(20_000)));
            endpoint.connection.receive(&frames_from(peer_of(role), frames));
            assert_eq!(poll_messages(&mut endpoint), [], "{frames:?}");
            assert_eq!(endpoint.poll_events(), [observed], "{frames:?}");
        }
        // A frame that is masked by a server, or unmasked by a client.
        endpoint.connection.receive(&frames_from(role, &["82 01 00"]));
        assert_eq!(poll_messages(endpoint), []);
        let violation = if role == Role::Server { Violation::UnmaskedFrame } else { Violation::MaskedFrame };
        assert_eq!(endpoint.poll_events(), [violated(violation)]);
    });
}

#[test]
fn the_fast_path_waits_for_a_message_cut_anywhere() {
    for_both_roles(|endpoint| {
        for length in [5, 125, 126, 300] {
            let bytes = peer_message(endpoint, length);
            for cut in 0..bytes.len() {
                endpoint.connection.receive(&bytes[..cut]);
                assert_eq!(poll_messages(endpoint), [], "{cut} of {} bytes", bytes.len());
                endpoint.connection.receive(&bytes[cut..]);
                assert_eq!(poll_messages(endpoint), [Message::binary(vec![0x55; length])]);
            }
        }
    });
}

#[test]
fn the_fast_path_leaves_a_message_that_the_slow_path_has_started() {
    for_both_roles(|endpoint| {
        let bytes = endpoint.peer_frames(&["81 05 48656c6c6f", "81 02 6f6b"]);
        let cut = bytes.len() / 2 - 1;
        // The slow path reads the header, and unmasks part of the payload.
        assert_eq!(endpoint.receive_bytes(&bytes[..cut]), []);
        endpoint.connection.receive(&bytes[cut..]);
        assert_eq!(poll_messages(endpoint), []);
        assert_eq!(endpoint.poll_events(), [text("Hello"), text("ok")]);
    });
    for_both_roles(|endpoint| {
        // A complete message between the fragments of another one is a violation.
        assert_eq!(endpoint.receive(&["02 01 61"]), []);
        endpoint.receive_unpolled(&["82 01 62"]);
        assert_eq!(poll_messages(endpoint), []);
        assert_eq!(endpoint.poll_events(), [violated(Violation::MessageInsideMessage)]);
    });
}

#[test]
fn the_fast_path_and_the_slow_path_can_be_mixed() {
    for_both_roles(|endpoint| {
        let frames = ["82 01 01", "89 00", "82 01 02", "02 01 03", "80 01 04", "82 01 05"];
        endpoint.receive_unpolled(&frames);
        let (mut from_fast_path, mut from_slow_path) = (Vec::new(), Vec::new());
        loop {
            from_fast_path.extend(poll_messages(endpoint).into_iter().map(|message| message.as_bytes().to_vec()));
            match endpoint.connection.poll_event(endpoint.now) {
                Ok(Some(event)) => from_slow_path.push(Observed::from(event)),
                last => {
                    assert!(matches!(last, Ok(None)), "{last:?}");
                    break;
                }
            }
        }
        assert_eq!(from_fast_path, [[1], [2], [5]]);
        assert_eq!(from_slow_path, [ping(""), binary("0304")]);
    });
}

#[test]
fn the_fast_path_reuses_the_buffer_of_processed_messages() {
    for_both_roles(|endpoint| {
        let frame = peer_message(endpoint, 1000);
        for _ in 0..1000 {
            endpoint.connection.receive(&frame);
            assert_eq!(poll_messages(endpoint), [Message::binary(vec![0x55; 1000])]);
        }
        let capacity = endpoint.with_input(|input| input.capacity());
        assert!(capacity <= 16 << 10, "{capacity} bytes after 1 MB in frames of 1 kB");
        assert!(endpoint.with_input(|input| input.is_empty()), "bytes are left between frames");
    });
}

#[test]
fn the_fast_path_returns_nothing_after_the_peers_close_or_a_violation() {
    for last in ["88 02 03e8", "83 00"] {
        for_both_roles(|endpoint| {
            endpoint.receive(&[last]);
            endpoint.receive_unpolled(&["82 01 61"]);
            assert_eq!(poll_messages(endpoint), [], "after {last}");
            assert!(endpoint.connection.poll_message_with_outbound().is_none(), "after {last}");
        });
    }
}

#[test]
fn into_message_copies_a_message_that_is_small_or_fills_less_than_half_of_its_buffer() {
    for_both_roles(|endpoint| {
        for (length, capacity, is_copied) in [
            (10, 100, true),
            (2049, 2100, true),
            (65_536, 65_600, true),
            // A message that fills less than half of its buffer would keep more than twice its own
            // size in memory.
            (65_537, 131_074, false),
            (65_537, 131_075, true),
            (100_000, 200_000, false),
            (100_000, 324 << 10, true),
        ] {
            let mut input = BytesMut::with_capacity(capacity);
            input.extend_from_slice(&peer_message(endpoint, length));
            assert_eq!(input.capacity(), capacity);
            endpoint.connection.put_input(input);
            // Use the slow path, because the fast path returns no message above 16 KiB.
            let Ok(Some(Event::Message(message))) = endpoint.connection.poll_event(endpoint.now) else {
                panic!("not a message of {length} bytes")
            };
            let address = message.as_bytes().as_ptr();
            let kept = message.into_message();
            assert_eq!(kept.as_bytes().as_ptr() != address, is_copied, "{length} bytes of {capacity}");
        }
    });
}

// ---- Replies ------------------------------------------------------------------------------------

#[test]
fn replies_can_be_sent_while_the_message_is_borrowed() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 02 6869", "82 01 ff", "81 00"]);
        let mut observed = Vec::new();
        while let Some((message, mut outbound)) = endpoint.connection.poll_message_with_outbound() {
            observed.push(message.as_bytes().to_vec());
            outbound.send_text("a").unwrap();
            outbound.send_binary(&[0]).unwrap();
            outbound.send(Message::text("b")).unwrap();
            outbound.send_back(message).unwrap();
        }
        assert_eq!(observed, [&b"hi"[..], b"\xff", b""]);
        let replies = ["81 01 61", "82 01 00", "81 01 62"];
        let expected: Vec<&str> =
            ["81 02 6869", "82 01 ff", "81 00"].iter().flat_map(|echo| [&replies[..], &[echo]].concat()).collect();
        endpoint.assert_transmits(&expected);
    });
}

#[test]
fn poll_event_with_outbound_returns_every_event_and_an_outbound_with_each_message() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["89 01 70", "02 01 61", "80 01 62", "82 01 ff"]);
        let mut seen = Vec::new();
        while let Some((event, outbound)) = endpoint.connection.poll_event_with_outbound(endpoint.now).unwrap() {
            match (event, outbound) {
                (Event::Message(message), Some(mut outbound)) => {
                    seen.push(Observed::Binary(message.as_bytes().to_vec()));
                    outbound.send_back(message).unwrap();
                }
                (event, None) => seen.push(event.into()),
                (event, Some(_)) => panic!("an outbound with {event:?}"),
            }
        }
        assert_eq!(seen, [ping("70"), binary("6162"), binary("ff")]);
        endpoint.assert_transmits(&["8a 01 70", "82 02 6162", "82 01 ff"]);
    });
}

#[test]
fn the_frames_of_the_slow_path_are_counted_once() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["89 01 70", "02 01 61", "00 00", "00 00"]);
        assert_eq!(endpoint.connection.take_frame_count(), 4, "also the fragments that are no event");
        assert_eq!(endpoint.connection.take_frame_count(), 0);
    });
}

#[test]
fn poll_message_with_outbound_returns_only_messages() {
    for_both_roles(|endpoint| {
        assert!(endpoint.connection.poll_message_with_outbound().is_none());
        endpoint.receive_unpolled(&["89 00", "82 01 61"]);
        assert!(endpoint.connection.poll_message_with_outbound().is_none(), "a Ping comes first");
        drop(endpoint.connection.poll_event(endpoint.now));
        assert!(endpoint.connection.poll_message_with_outbound().is_some());
        assert!(endpoint.connection.poll_message_with_outbound().is_none(), "a message after the last one");
    });
}

#[test]
fn a_message_after_the_local_close_can_be_read_and_not_answered() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.receive_unpolled(&["81 02 6869"]);
        let (message, mut outbound) = endpoint.connection.poll_message_with_outbound().expect("a message");
        assert_eq!(message.as_bytes(), b"hi");
        assert_eq!(outbound.send_text("a"), Err(UsageError::AfterClose));
        assert_eq!(outbound.send_binary(b"a"), Err(UsageError::AfterClose));
        assert_eq!(outbound.send(Message::text("a")), Err(UsageError::AfterClose));
        assert_eq!(outbound.send_back(message), Err(UsageError::AfterClose));
        endpoint.assert_transmits_nothing();
    });
}

#[test]
fn send_back_copies_a_small_message_and_shares_a_large_one() {
    // A message of 64 KiB or more has a separate buffer. A smaller message shares its buffer with
    // others.
    for (length, is_copied) in [(10_000, true), ((64 << 10) - 1, true), (64 << 10, false), (100_000, false)] {
        let message = Message::binary(vec![7; length]);
        let address = message.as_bytes().as_ptr();
        let mut server = TestEndpoint::server();
        server.connection.outbound().send_back(MessageRef::from(message)).unwrap();
        let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() else { panic!("nothing to send") };
        assert_eq!(output.remaining(), length + if length < 1 << 16 { 4 } else { 10 });
        output.advance(if length < 1 << 16 { 4 } else { 10 });
        assert_eq!(output.chunk().as_ptr() != address, is_copied, "{length} bytes");
        assert!(server.take_sent().iter().all(|byte| *byte == 7));
    }
}

#[test]
fn a_message_ref_can_be_made_from_a_message() {
    for message in [Message::text("h\u{e9}"), Message::binary(&b"\xff"[..])] {
        let received = MessageRef::from(message.clone());
        assert_eq!((received.kind(), received.as_bytes()), (message.kind(), &message.as_bytes()[..]));
        assert_eq!(received.into_message(), message);
    }
}

// ---- Pending input ------------------------------------------------------------------------------

#[test]
fn has_input_and_input_len_report_unprocessed_bytes() {
    for_both_roles(|endpoint| {
        assert!(!endpoint.connection.has_input());
        assert_eq!(endpoint.connection.input_len(), 0);
        endpoint.receive_unpolled(&["81 02 6f6b"]);
        assert!(endpoint.connection.has_input());
        assert_eq!(poll_messages(endpoint).len(), 1);
        assert!(!endpoint.connection.has_input(), "the message has been delivered");
        endpoint.connection.receive(&[0x81]);
        assert!(endpoint.connection.has_input(), "half a header is input too");
        assert_eq!(endpoint.connection.input_len(), 1);
        endpoint.connection.receive(&[0x02]);
        assert_eq!(endpoint.connection.input_len(), 2);
    });
}

#[test]
fn has_input_reports_the_end_of_the_stream_once() {
    for_both_roles(|endpoint| {
        endpoint.connection.receive_eof();
        assert!(endpoint.connection.has_input());
        assert_eq!(endpoint.poll_events(), []);
        assert!(!endpoint.connection.has_input());
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.connection.state(), State::Closed);
    });
}

// ---- The output buffer --------------------------------------------------------------------------

#[test]
fn the_driver_may_exchange_the_output_buffer_while_nothing_is_queued() {
    for_both_roles(|endpoint| {
        let buffer = BytesMut::with_capacity(4096);
        let address = buffer.as_ptr();
        assert_eq!(endpoint.connection.send_buffer_capacity(), Some(0), "no buffer is allocated in advance");
        endpoint.connection.put_send_buffer(buffer);
        for _ in 0..3 {
            assert_eq!(endpoint.connection.send_buffer_capacity(), Some(4096));
            endpoint.connection.send_text("Hello").unwrap();
            assert_eq!(endpoint.connection.send_buffer_capacity(), None, "the buffer is in use");
            assert!(endpoint.connection.take_send_buffer().is_none(), "the buffer is in use");
            let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("nothing to send") };
            assert_eq!(output.chunk().as_ptr(), address, "the buffer is not reused from its start");
            endpoint.assert_transmits(&["81 05 48656c6c6f"]);
        }
        let buffer = endpoint.connection.take_send_buffer().expect("nothing is queued");
        assert_eq!((buffer.as_ptr(), buffer.len()), (address, 0));
    });
}

#[test]
fn the_memory_of_a_copied_payload_is_bounded_by_its_size() {
    let mut client = TestEndpoint::client(); // A client masks the payload, so it must copy it.
    client.connection.send_binary(&[0; 50_000]).unwrap();
    assert_eq!(client.take_sent().len(), 50_008);
    let capacity = client.connection.send_buffer_capacity().expect("nothing is queued");
    assert!(capacity <= 100_000, "{capacity} bytes for 50,000");
}

#[test]
fn queued_output_can_leave_a_buffer_that_it_does_not_fill() {
    const KIB: usize = 1 << 10;
    for (payload, is_scarce, is_left) in
        [(0, false, true), (15 * KIB, false, true), (17 * KIB, false, false), (17 * KIB, true, true)]
    {
        for is_cut in [false, true] {
            let mut server = TestEndpoint::server();
            server.connection.put_send_buffer(BytesMut::with_capacity(64 * KIB));
            server.connection.send_binary(&vec![1; payload]).unwrap();
            let shared = if is_cut { 10 * KIB } else { 0 };
            if is_cut {
                // This payload is kept in separate memory, and splits the buffer in front of it.
                server.connection.send(Message::binary(vec![2; shared])).unwrap();
                server.connection.send_text("end").unwrap();
            }
            assert!(server.connection.send_queue_capacity() >= 64 * KIB + shared);
            let left = server.connection.shrink_send_queue(is_scarce);
            assert_eq!(left.is_some(), is_left, "{payload} bytes");
            let capacity = server.connection.send_queue_capacity();
            let queued = server.connection.queued_bytes();
            assert_eq!(capacity == queued, is_left, "{capacity} bytes for {queued}");
            let again = server.connection.shrink_send_queue(is_scarce);
            assert!(again.is_none(), "nothing is moved twice");
            let mut expected = frame_from(Role::Server, BINARY, vec![1; payload]);
            if is_cut {
                expected.extend(frame_from(Role::Server, BINARY, vec![2; shared]));
                expected.extend(b"\x81\x03end");
            }
            assert!(server.take_sent() == expected, "{payload} bytes");
        }
    }
}

/// A queue that the peer reads slowly is copied about once in total, not at every wait.
#[test]
fn a_queue_that_drains_is_moved_when_it_is_four_times_shorter() {
    let mut server = TestEndpoint::server();
    server.connection.send_binary(&[1; 60_000]).unwrap();
    let (mut sent, mut moved) = (Vec::new(), 0);
    while let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() {
        let count = output.chunk().len().min(100);
        sent.extend_from_slice(&output.chunk()[..count]);
        output.advance(count);
        if server.connection.shrink_send_queue(false).is_some() {
            moved += server.connection.queued_bytes();
        }
        let (queued, capacity) = (server.connection.queued_bytes(), server.connection.send_queue_capacity());
        assert!(capacity <= 4 * queued + 1024, "{capacity} bytes for {queued}");
    }
    assert!(sent == frame_from(Role::Server, BINARY, vec![1; 60_000]));
    assert!((10_000..30_000).contains(&moved), "{moved} bytes were moved");
}

//! Sections 7.1.5 and 7.1.7: connections that end without a closing handshake, because the TCP
//! connection has ended or because the peer has broken a rule.

use bytes::Buf;
use protocol::{CloseCode, CloseFrame, CloseInfo, Config, Endpoint, State, Transmit, Violation};
use testkit::{
    duration::secs,
    endpoint::{TestEndpoint, for_both_roles},
    frames::frames_from,
    observed::{close, ping, text, violated},
    transmitted::Transmitted,
};

// ---- 7.1.5: no Close ----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# If the connection is closed and no Close frame was received, the close code is 1006.
#[test]
fn the_end_of_tcp_without_a_close_is_reported_as_1006() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.close_info(), close_info_without_close());
        assert_eq!(endpoint.receive_eof(), []);
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.connection.state(), State::Closed);
        assert_eq!(endpoint.connection.close_info(), close_info_without_close());
    });
}

/// Returns the close info of a connection on which no Close was sent or received.
fn close_info_without_close() -> CloseInfo {
    let close_info = TestEndpoint::server().connection.close_info();
    assert_eq!((close_info.code, close_info.reason.as_str()), (CloseCode::ABNORMAL_CLOSURE, ""));
    assert_eq!((close_info.was_clean, close_info.initiator, close_info.timed_out), (false, None, false));
    assert_eq!((&close_info.sent, &close_info.violation), (&None, &None));
    close_info
}

#[test]
fn the_end_of_tcp_within_a_frame_is_reported_as_1006() {
    for frames in [&["81 05 48656c6c6f"][..], &["82 7e007e"], &["01 01 61", "80 01 62"], &["88 02 03e8"], &["89 01 70"]]
    {
        for_both_roles(|endpoint| {
            let bytes = endpoint.peer_frames(frames);
            for cut in 1..bytes.len() {
                let mut endpoint = TestEndpoint::new(endpoint.role(), Config::default());
                assert_eq!(endpoint.receive_bytes(&bytes[..cut]), [], "{frames:?} cut at {cut}");
                assert_eq!(endpoint.receive_eof(), [], "{frames:?} cut at {cut}");
                endpoint.assert_transmits(&["disconnect"]);
                assert_eq!(endpoint.close_outcome(), (1006, false));
            }
        });
    }
}

#[test]
fn messages_before_the_end_of_tcp_are_delivered() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 05 48656c6c6f", "81 02 6f6b", "81 05 48"]);
        endpoint.connection.receive_eof();
        assert_eq!(endpoint.poll_events(), [text("Hello"), text("ok")]);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn the_end_of_tcp_is_handled_after_all_frames_before_it() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 05 48656c6c6f", "88 02 03e8"]);
        endpoint.connection.receive_eof();
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.connection.state(), State::Open);
        assert_eq!(endpoint.poll_events(), [text("Hello"), close(1000, "")]);
        endpoint.assert_transmits(&["88 02 03e8", "disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1000, true));
    });
}

#[test]
fn the_end_of_tcp_instead_of_an_answer_is_not_clean() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
        assert_eq!(endpoint.connection.close_info().initiator, Some(Endpoint::Local));
        assert!(!endpoint.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# If the transport connection is lost unexpectedly, the client MUST fail the connection.
#[test]
fn a_read_error_is_reported_as_1006() {
    for_both_roles(|endpoint| {
        endpoint.connection.handle_read_error();
        assert_eq!(endpoint.poll_events(), []);
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

#[test]
fn messages_before_a_read_error_are_delivered() {
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["81 05 48656c6c6f", "81 02 6f6b"]);
        endpoint.connection.handle_read_error();
        assert_eq!(endpoint.poll_events(), [text("Hello"), text("ok")]);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn a_read_error_discards_the_queue() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.connection.handle_read_error();
        assert_eq!(endpoint.connection.queued_bytes(), 0);
        endpoint.poll_events();
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn nothing_is_transmitted_after_a_read_error() {
    // Neither the answers of the protocol ...
    for frames in [&["89 01 61"][..], &["83 00"], &["88 02 03e8"]] {
        for_both_roles(|endpoint| {
            endpoint.receive_unpolled(frames);
            endpoint.connection.handle_read_error();
            assert_eq!(endpoint.poll_events().len(), 1);
            endpoint.assert_transmits(&["disconnect"]);
        });
    }
    // ... nor the messages of the application.
    for_both_roles(|endpoint| {
        endpoint.connection.handle_read_error();
        assert_eq!(endpoint.connection.send_text("Hello"), Ok(()));
        assert_eq!(endpoint.connection.close(None, endpoint.now), Ok(()));
        endpoint.poll_events();
        endpoint.assert_transmits(&["disconnect"]);
    });
}

#[test]
fn has_discarded_output_reports_whether_bytes_were_lost() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.transmit();
        endpoint.connection.handle_read_error();
        assert!(!endpoint.connection.has_discarded_output(), "everything had been written");
    });
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.connection.handle_read_error();
        assert!(endpoint.connection.has_discarded_output());
    });
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
        assert!(endpoint.connection.has_discarded_output());
    });
}

/// The test that explores every interleaving found this order of events.
#[test]
fn a_pong_that_is_lost_after_both_closes_does_not_make_the_end_unclean() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        // The peer sent the Ping before its Close, so the Ping is answered, but the peer does not
        // read the Pong.
        endpoint.receive(&["89 01 70", "88 02 03e8"]);
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
        assert!(endpoint.connection.has_discarded_output());
        assert_eq!(endpoint.close_outcome(), (1000, true));
    });
    // A Close cannot have arrived if part of it was discarded.
    for_both_roles(|endpoint| {
        endpoint.receive(&["88 02 03e8"]);
        let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("a Close to write") };
        output.advance(output.remaining() - 1);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
        assert_eq!(endpoint.close_outcome(), (1000, false));
    });
}

#[test]
fn a_close_that_was_sent_stays_sent_when_later_output_is_discarded() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        // The transport is lost after these bytes have arrived, so the Pong cannot be sent.
        endpoint.receive_unpolled(&["89 01 70", "88 02 03e8"]);
        endpoint.connection.handle_read_error();
        assert_eq!(endpoint.poll_events(), [ping("70"), close(1000, "")]);
        endpoint.assert_transmits(&["disconnect"]);
        assert!(endpoint.connection.has_discarded_output());
        assert_eq!(endpoint.close_outcome(), (1000, true));
    });
}

#[test]
fn frames_are_still_received_after_a_write_error() {
    // The peer may have sent a Close and then disconnected. That Close explains more than a broken
    // pipe does.
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.connection.handle_write_error(endpoint.now);
        assert_eq!(endpoint.connection.queued_bytes(), 0);
        endpoint.assert_transmits_nothing();
        assert_eq!(
            endpoint.receive(&["81 02 6f6b", "89 01 70", "88 02 03e9"]),
            [text("ok"), ping("70"), close(1001, "")]
        );
        endpoint.assert_transmits(&["disconnect"]); // No Pong, no Close, no half-close.
        assert_eq!(endpoint.close_outcome(), (1001, false));
    });
}

#[test]
fn a_write_error_starts_the_deadline_for_the_peer() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.connection.handle_write_error(endpoint.now);
        assert_eq!(endpoint.connection.poll_timeout(), Some(endpoint.now + secs(5)));
        endpoint.advance(secs(3));
        endpoint.connection.handle_write_error(endpoint.now); // A second error does not postpone the deadline.
        assert_eq!(endpoint.receive(&["81 02 6f6b"]), [text("ok")]);
        endpoint.advance(secs(2));
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
        assert!(endpoint.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# An endpoint MAY omit that Close frame if the nature of the error makes it unlikely that the peer
//# can receive and process the frame.
#[test]
fn a_violation_after_a_write_error_is_reported() {
    for_both_roles(|endpoint| {
        endpoint.connection.handle_write_error(endpoint.now);
        assert_eq!(endpoint.receive(&["83 00"]), [violated(Violation::ReservedOpcode(3))]);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

/// After a failed write, nothing can be sent. After a Close or a violation, nothing that arrives
/// matters. So there is nothing to wait for.
#[test]
fn a_write_error_disconnects_at_once_if_input_is_ignored() {
    for ignored in ["88 02 03e8", "83 00"] {
        for_both_roles(|endpoint| {
            endpoint.receive(&[ignored]);
            endpoint.connection.handle_write_error(endpoint.now);
            endpoint.assert_transmits(&["disconnect"]);
            assert!(!endpoint.connection.close_info().timed_out);
        });
    }
}

//= docs/src/rfc6455.md#section-7-1-4
//= type=test
//# It was closed *cleanly* if the closing handshake was completed before that.
#[test]
fn a_close_that_was_never_written_is_not_a_clean_end() {
    // Section 7.1.4: a connection is closed cleanly if the closing handshake was completed. Here
    // the peer sends a Close and never receives one.
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 02 03e8"]), [close(1000, "")]);
        endpoint.connection.handle_read_error();
        endpoint.poll_events();
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1000, false));
    });
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 02 03e8"]), [close(1000, "")]);
        assert_eq!(endpoint.transmit_while_blocked(), []);
        endpoint.advance(secs(5));
        assert_eq!(endpoint.transmit_while_blocked(), [Transmitted::Disconnect]);
        assert_eq!(endpoint.close_outcome(), (1000, false));
    });
}

// ---- 7.1.7: a violation -------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A client that fails the connection MAY report the problem to its user.
#[test]
fn a_violation_is_reported_once_and_kept() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["83 00"]), [violated(Violation::ReservedOpcode(3))]);
        assert_eq!(endpoint.receive(&["83 00"]), []);
        assert_eq!(endpoint.connection.close_info().violation, Some(Violation::ReservedOpcode(3)));
        assert_eq!(endpoint.connection.close_info().initiator, Some(Endpoint::Local));
        assert_eq!(endpoint.connection.state(), State::Closing);
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# After failing the connection, an endpoint MUST NOT process any more data from the peer, not even
//# a Close frame.
#[test]
fn a_failed_connection_ignores_all_input() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["c1 05 48656c6c6f", "81 02 6f6b"]), [violated(Violation::ReservedBitsSet(0x40))]);
        endpoint.assert_fails_connection(1002);
        // A message, a Ping and the peer's Close are all ignored, and none of them is answered.
        assert_eq!(endpoint.receive(&["81 02 6f6b", "89 00", "88 02 03e8", "83 00"]), []);
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

#[test]
fn messages_before_a_violation_are_delivered() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["81 05 48656c6c6f", "01 01 61", "80 01 62", "83 00"]),
            [text("Hello"), text("ab"), violated(Violation::ReservedOpcode(3))]
        );
    });
}

#[test]
fn queued_messages_are_sent_before_the_close_of_a_violation() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("ok").unwrap();
        endpoint.receive(&["83 00"]);
        let steps = endpoint.transmit();
        let [Transmitted::Bytes(bytes), Transmitted::HalfClose] = &steps[..] else { panic!("{steps:?}") };
        assert!(bytes.starts_with(&frames_from(endpoint.role(), &["81 02 6f6b"])));
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# If the connection is established, an endpoint that fails it SHOULD first send a Close frame with
//# an appropriate status code.
#[test]
fn a_close_for_a_violation_has_a_reason() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["83 00"]);
        assert_eq!(endpoint.assert_fails_connection(1002), "opcode 0x3 is reserved (RFC 6455, section 5.2)");
    });
    for_both_roles(|endpoint| {
        endpoint.receive(&["88 02 ffff"]);
        assert_eq!(endpoint.assert_fails_connection(1002), "close code 65535 must not be sent (RFC 6455, section 7.4)");
    });
}

#[test]
fn a_violation_after_the_local_close_sends_no_second_close() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.receive(&["83 00"]), [violated(Violation::ReservedOpcode(3))]);
        endpoint.assert_transmits(&["half-close"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
        assert_eq!(endpoint.connection.close_info().sent.map(|frame| frame.code()), Some(CloseCode::NORMAL));
    });
}

#[test]
fn bytes_after_a_close_are_not_a_violation() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 02 03e8", "83 00", "ff 7f"]), [close(1000, "")]);
        endpoint.assert_transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
        assert_eq!(endpoint.close_outcome(), (1000, true));
    });
}

#[test]
fn a_failed_connection_is_closed_when_the_peer_closes_tcp() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["83 00"]);
        endpoint.assert_fails_connection(1002);
        assert_eq!(endpoint.connection.state(), State::Closing);
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.connection.state(), State::Closed);
    });
}

// ---- Abandoned connections ----------------------------------------------------------------------

#[test]
fn an_abandoned_connection_ends_without_blaming_the_peer() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["01 02 6161"]);
        endpoint.connection.receive(&[0x80]);
        assert_eq!(endpoint.connection.received_bytes(), 3, "two bytes of the message and one of a header");
        assert!(!endpoint.connection.ignores_input());
        assert!((2..=4096).contains(&endpoint.connection.message_capacity()), "two bytes take little memory");
        let frame = CloseFrame::new(CloseCode::TRY_AGAIN_LATER, "no memory").unwrap();
        endpoint.connection.abandon(Some(frame.clone()), endpoint.now);
        assert!(endpoint.connection.ignores_input());
        assert_eq!(endpoint.connection.message_capacity(), 0);
        assert_eq!(endpoint.assert_fails_connection(1013), "no memory");
        // The rest of the message, an invalid frame and even a Close are ignored.
        assert_eq!(endpoint.receive(&["80 01 62", "8b 00", "88 02 03e8"]), []);
        assert_eq!(endpoint.connection.received_bytes(), 0);
        assert_eq!(endpoint.connection.state(), State::Closing);
        // The peer has the usual time to close the TCP connection.
        assert_eq!(endpoint.advance(secs(5)), []);
        endpoint.assert_transmits(&["disconnect"]);
        let close_info = endpoint.connection.close_info();
        assert_eq!((close_info.code, close_info.was_clean), (CloseCode::ABNORMAL_CLOSURE, false));
        assert_eq!((close_info.violation, close_info.sent), (None, Some(frame)));
        assert_eq!(close_info.initiator, Some(Endpoint::Local));
    });
}

#[test]
fn a_connection_that_is_abandoned_after_the_local_close_sends_no_second_close() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        endpoint.connection.abandon(None, endpoint.now);
        endpoint.assert_transmits(&["half-close"]);
        assert_eq!(endpoint.receive(&["81 01 61"]), []);
    });
}

#[test]
fn abandoning_after_the_local_close_renews_the_time_for_the_peer() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        assert_eq!(endpoint.advance(secs(3)), []);
        endpoint.connection.abandon(None, endpoint.now);
        endpoint.assert_transmits(&["half-close"]);
        // The peer's next step is no longer its Close, but the end of the TCP connection.
        assert_eq!(endpoint.advance(secs(4)), []);
        endpoint.assert_transmits(&[]);
        assert_eq!(endpoint.advance(secs(1)), []);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

//! Sections 7.1.5 and 7.1.7: connections that end without a closing handshake, because TCP does or because somebody broke
//! a rule.

use crate::common::{End, Step, both, broken, close, peer_of, ping, s, text, wire};
use protocol::{CloseCode, CloseInfo, Config, Endpoint as Side, State, Violation};

// ---- 7.1.5: without a Close -----------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# If the connection is closed and no Close was received, it is 1006.
#[test]
fn an_end_without_a_close_is_1006() {
    both(|end| {
        assert_eq!(end.connection.close_info(), open_closure());
        assert_eq!(end.hears_end(), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.connection.close_info(), open_closure());
    });
}

/// Nothing was said, by nobody.
fn open_closure() -> CloseInfo {
    let fresh = End::server();
    let close_info = fresh.connection.close_info();
    assert_eq!((close_info.code, close_info.reason.as_str()), (CloseCode::ABNORMAL_CLOSURE, ""));
    assert_eq!((close_info.was_clean, close_info.initiator, close_info.timed_out), (false, None, false));
    assert_eq!((&close_info.sent, &close_info.violation), (&None, &None));
    close_info
}

#[test]
fn an_end_in_the_middle_of_a_frame_is_1006() {
    for frames in [&["81 05 48656c6c6f"][..], &["82 7e007e"], &["01 01 61", "80 01 62"], &["88 02 03e8"], &["89 01 70"]]
    {
        both(|end| {
            let bytes = wire(peer_of(end.role()), frames);
            for cut in 1..bytes.len() {
                let mut end = End::new(end.role(), Config::default());
                assert_eq!(end.hears_bytes(&bytes[..cut]), [], "{frames:?} cut at {cut}");
                assert_eq!(end.hears_end(), [], "{frames:?} cut at {cut}");
                end.transmits(&["disconnect"]);
                assert_eq!(end.ending(), (1006, false));
            }
        });
    }
}

#[test]
fn messages_before_the_end_are_delivered() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "81 02 6f6b", "81 05 48"]));
        end.connection.receive_eof();
        assert_eq!(end.events(), [text("Hello"), text("ok")]);
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn the_end_counts_only_when_everything_before_it_was_handled() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "88 02 03e8"]));
        end.connection.receive_eof();
        end.transmits_nothing();
        assert_eq!(end.connection.state(), State::Open);
        assert_eq!(end.events(), [text("Hello"), close(1000, "")]);
        end.transmits(&["88 02 03e8", "disconnect"]);
        assert_eq!(end.ending(), (1000, true));
    });
}

#[test]
fn an_end_instead_of_an_answer_is_not_clean() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
        assert_eq!(end.connection.close_info().initiator, Some(Side::Local));
        assert!(!end.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# If the transport is lost when nobody expects it, the client MUST fail the connection.
#[test]
fn a_lost_transport_is_1006() {
    both(|end| {
        end.connection.handle_read_error();
        assert_eq!(end.events(), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn what_had_arrived_before_the_transport_was_lost_is_delivered() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "81 02 6f6b"]));
        end.connection.handle_read_error();
        assert_eq!(end.events(), [text("Hello"), text("ok")]);
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn what_was_queued_when_the_transport_was_lost_is_forgotten() {
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.handle_read_error();
        assert_eq!(end.connection.queued_bytes(), 0);
        end.events();
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn after_the_transport_is_lost_nothing_is_transmitted() {
    // Neither what the protocol would answer ...
    for frames in [&["89 01 61"][..], &["83 00"], &["88 02 03e8"]] {
        both(|end| {
            end.connection.receive(&wire(peer_of(end.role()), frames));
            end.connection.handle_read_error();
            assert_eq!(end.events().len(), 1);
            end.transmits(&["disconnect"]);
        });
    }
    // ... nor what the application still wants to say.
    both(|end| {
        end.connection.handle_read_error();
        let _ = end.connection.send_text("Hello");
        let _ = end.connection.close(None, end.now);
        end.events();
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn it_is_known_whether_something_could_not_be_sent() {
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.steps();
        end.connection.handle_read_error();
        assert!(!end.connection.dropped_output(), "all of it had left");
    });
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.handle_read_error();
        assert!(end.connection.dropped_output());
    });
    both(|end| {
        end.close(1000, "");
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(5));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
        assert!(end.connection.dropped_output());
    });
}

#[test]
fn after_a_write_failed_the_peer_can_still_be_heard() {
    // It may have closed and gone, and its Close lies in the kernel's buffer: that says more than a broken pipe.
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.handle_write_error(end.now);
        assert_eq!(end.connection.queued_bytes(), 0);
        end.transmits_nothing();
        assert_eq!(end.hears(&["81 02 6f6b", "89 01 70", "88 02 03e9"]), [text("ok"), ping("70"), close(1001, "")]);
        end.transmits_nothing(); // neither Pong nor Close nor half-close: nothing can be sent
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1001, false));
    });
}

#[test]
fn after_a_write_failed_the_peer_has_until_the_deadline() {
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.handle_write_error(end.now);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        end.wait(s(3));
        end.connection.handle_write_error(end.now); // another write has failed; that is no reason to wait longer
        assert_eq!(end.hears(&["81 02 6f6b"]), [text("ok")]);
        end.wait(s(2));
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
        assert!(end.connection.close_info().timed_out);
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# An endpoint MAY leave that Close out if it believes that the other side can hardly receive and process it.
#[test]
fn after_a_write_failed_a_violation_is_still_one() {
    both(|end| {
        end.connection.handle_write_error(end.now);
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        end.transmits_nothing();
        end.wait(s(5));
        end.transmits(&["disconnect"]);
    });
}

//= docs/src/rfc6455.md#section-7-1-4
//= type=test
//# It was closed *cleanly* if the closing handshake had been completed before.
#[test]
fn a_close_that_never_left_is_no_clean_end() {
    // 7.1.4: clean is a connection whose closing handshake was completed. The peer has closed, and then it was gone.
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
        end.connection.handle_read_error();
        end.events();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1000, false));
    });
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(5));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
        assert_eq!(end.ending(), (1000, false));
    });
}

// ---- 7.1.7: failing -------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A client that fails the connection MAY report the problem to its user.
#[test]
fn a_violation_is_reported_once_and_kept() {
    both(|end| {
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        assert_eq!(end.hears(&["83 00"]), []);
        assert_eq!(end.connection.close_info().violation, Some(Violation::ReservedOpcode(3)));
        assert_eq!(end.connection.close_info().initiator, Some(Side::Local));
        assert_eq!(end.connection.state(), State::Closing);
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# After failing the connection an endpoint MUST NOT process anything more from the other side, not even a Close.
#[test]
fn a_failed_connection_is_deaf() {
    both(|end| {
        assert_eq!(end.hears(&["c1 05 48656c6c6f", "81 02 6f6b"]), [broken(Violation::ReservedBitsSet(0x40))]);
        end.transmits_failure(1002);
        // Neither a message nor a Ping nor the peer's Close is heard, and nothing is answered.
        assert_eq!(end.hears(&["81 02 6f6b", "89 00", "88 02 03e8", "83 00"]), []);
        end.transmits_nothing();
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn messages_before_a_violation_are_delivered() {
    both(|end| {
        assert_eq!(
            end.hears(&["81 05 48656c6c6f", "01 01 61", "80 01 62", "83 00"]),
            [text("Hello"), text("ab"), broken(Violation::ReservedOpcode(3))]
        );
    });
}

#[test]
fn what_was_queued_before_a_violation_is_sent_before_the_close() {
    both(|end| {
        end.connection.send_text("ok").unwrap();
        end.hears(&["83 00"]);
        let steps = end.steps();
        let [Step::Bytes(bytes), Step::HalfClose] = &steps[..] else { panic!("{steps:?}") };
        assert!(bytes.starts_with(&wire(end.role(), &["81 02 6f6b"])));
    });
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# If the connection was established, an endpoint SHOULD send a Close with a fitting code before it closes.
#[test]
fn a_failing_end_says_why_in_its_close() {
    both(|end| {
        end.hears(&["83 00"]);
        assert_eq!(end.transmits_failure(1002), "opcode 0x3 is reserved (RFC 6455, section 5.2)");
    });
    both(|end| {
        end.hears(&["88 02 ffff"]);
        assert_eq!(end.transmits_failure(1002), "close code 65535 must not be sent (RFC 6455, section 7.4)");
    });
}

#[test]
fn a_violation_after_ones_own_close_ends_the_stream_without_another_close() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        end.transmits(&["half-close"]);
        assert_eq!(end.ending(), (1006, false));
        assert_eq!(end.connection.close_info().sent.map(|frame| frame.code), Some(CloseCode::NORMAL));
    });
}

#[test]
fn garbage_behind_a_close_is_no_violation() {
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8", "83 00", "ff 7f"]), [close(1000, "")]);
        end.transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
        assert_eq!(end.ending(), (1000, true));
    });
}

#[test]
fn a_failed_end_lets_go_when_the_peer_ends_its_stream() {
    both(|end| {
        end.hears(&["83 00"]);
        end.transmits_failure(1002);
        assert_eq!(end.connection.state(), State::Closing);
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
    });
}

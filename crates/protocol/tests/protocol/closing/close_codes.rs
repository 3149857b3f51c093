//! Section 7.4: close codes.

use std::{ops::RangeInclusive, time::Instant};

use protocol::{CloseCode, CloseFrame, Config, Role, State, UsageError, Violation};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    linked_pair::LinkedPair,
    observed::{binary, close, violated},
};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

/// The codes that sections 7.4.1 and 7.4.2 and the registry allow in a Close frame.
const SENDABLE: [RangeInclusive<u16>; 4] = [
    1000..=1003, // 1004 is reserved; 1005 and 1006 are only reported
    1007..=1011, // section 7.4.1
    1012..=1014, // registered later; 1015 is only reported, and 1016 to 2999 are unassigned
    3000..=4999, // for libraries and for private use
];

fn is_sendable(code: u16) -> bool {
    SENDABLE.iter().any(|codes| codes.contains(&code))
}

#[test]
fn each_sendable_code_is_accepted_and_each_other_code_fails_the_connection() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        for code in 0..=u16::MAX {
            let mut endpoint = TestEndpoint::at(now, role, Config::default());
            let observed = endpoint.receive(&[&format!("88 02 {code:04x}")]);
            if is_sendable(code) {
                assert_eq!(observed, [close(code, "")], "{role:?}");
                let answer = format!("88 02 {code:04x}");
                endpoint.assert_transmits_by_role(&[&answer, "half-close"], &[&answer]);
                assert_eq!(endpoint.close_outcome(), (code, true));
            } else {
                assert_eq!(observed, [violated(Violation::CloseCodeInvalid(CloseCode(code)))], "{role:?}");
                assert_eq!(endpoint.close_outcome(), (1006, false));
                assert_eq!(
                    endpoint.connection.close_info().sent.map(|frame| frame.code()),
                    Some(CloseCode::PROTOCOL_ERROR)
                );
            }
        }
    }
}

#[test]
fn each_code_is_validated_in_the_answer_to_the_local_close_too() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        for code in 0..=u16::MAX {
            let mut endpoint = TestEndpoint::at(now, role, Config::default());
            endpoint.close(1000, "");
            endpoint.assert_transmits(&["88 02 03e8"]);
            let observed = endpoint.receive(&[&format!("88 02 {code:04x}")]);
            if is_sendable(code) {
                assert_eq!(observed, [close(code, "")], "{role:?}");
                endpoint.assert_transmits_by_role(&["half-close"], &[]);
                assert_eq!(endpoint.close_outcome(), (code, true));
            } else {
                assert_eq!(observed, [violated(Violation::CloseCodeInvalid(CloseCode(code)))], "{role:?}");
                endpoint.assert_transmits(&["half-close"]); // An endpoint sends only one Close.
                assert_eq!(endpoint.close_outcome(), (1006, false));
            }
        }
    }
}

//= docs/src/rfc6455.md#section-7-4-1
//= type=test
//# An endpoint MAY use the codes in this section in the Close frames that it sends.
//= docs/src/rfc6455.md#section-7-4-1
//= type=test
//# An endpoint MUST NOT put the code 1005, 1006, or 1015 into a Close frame.
#[test]
fn each_code_that_is_not_sendable_is_a_usage_error() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        let mut endpoint = TestEndpoint::at(now, role, Config::default());
        for code in 0..=u16::MAX {
            let closed =
                CloseFrame::new(CloseCode(code), "").and_then(|frame| endpoint.connection.close(Some(frame), now));
            // 1010 means that the server lacks an extension, so only a client may send it (7.4.1).
            if is_sendable(code) && !(code == 1010 && role == SERVER) {
                assert_eq!(closed, Ok(()), "{role:?} {code}");
                endpoint.assert_transmits(&[&format!("88 02 {code:04x}")]);
                endpoint = TestEndpoint::at(now, role, Config::default());
            } else {
                let usage_error = UsageError::CloseCodeNotSendable(CloseCode(code));
                assert_eq!(closed, Err(usage_error), "{role:?} {code}");
                assert_eq!(endpoint.connection.queued_bytes(), 0);
                assert_eq!(endpoint.connection.state(), State::Open);
            }
        }
    }
}

#[test]
fn an_endpoint_that_accepts_only_text_can_close_with_1003() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["82 01 00"]), [binary("00")]);
        endpoint.close(1003, "text only");
        endpoint.assert_transmits(&["88 0b 03eb 74657874206f6e6c79"]);
        assert_eq!(endpoint.receive(&["88 02 03eb"]), [close(1003, "")]);
        assert_eq!(endpoint.close_outcome(), (1003, true));
    });
}

#[test]
fn a_client_that_needs_extensions_can_name_them_with_1010() {
    let mut pair = LinkedPair::new();
    pair.client.close(1010, "permessage-deflate, x-gadget");
    pair.run();
    assert_eq!(pair.observed_by_server, [close(1010, "permessage-deflate, x-gadget")]);
    assert_eq!(pair.server.close_outcome(), (1010, true));
}

#[test]
fn a_close_frame_is_validated_when_it_is_created() {
    assert!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(123)).is_ok());
    assert_eq!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(124)), Err(UsageError::CloseReasonTooLong(124)));
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let usage_error = UsageError::CloseCodeNotSendable(CloseCode(code));
        assert_eq!(CloseFrame::new(CloseCode(code), ""), Err(usage_error));
    }
}

#[test]
fn close_codes_print_their_numbers_and_names() {
    for (code, printed) in [
        (CloseCode::NORMAL, "1000 (normal closure)"),
        (CloseCode::GOING_AWAY, "1001 (going away)"),
        (CloseCode::PROTOCOL_ERROR, "1002 (protocol error)"),
        (CloseCode::UNSUPPORTED_DATA, "1003 (unsupported data)"),
        (CloseCode::NO_STATUS_RECEIVED, "1005 (no status code)"),
        (CloseCode::ABNORMAL_CLOSURE, "1006 (abnormal closure)"),
        (CloseCode::INVALID_DATA, "1007 (invalid data)"),
        (CloseCode::POLICY_VIOLATION, "1008 (policy violation)"),
        (CloseCode::MESSAGE_TOO_BIG, "1009 (message too big)"),
        (CloseCode::MANDATORY_EXTENSION, "1010 (mandatory extension missing)"),
        (CloseCode::INTERNAL_ERROR, "1011 (internal error)"),
        (CloseCode::SERVICE_RESTART, "1012 (service restart)"),
        (CloseCode::TRY_AGAIN_LATER, "1013 (try again later)"),
        (CloseCode::BAD_GATEWAY, "1014 (bad gateway)"),
        (CloseCode::TLS_HANDSHAKE, "1015 (TLS handshake failed)"),
        (CloseCode(3000), "3000 (registered by a library)"),
        (CloseCode(4999), "4999 (private)"),
        (CloseCode(2000), "2000 (unassigned)"),
    ] {
        assert_eq!(code.to_string(), printed);
    }
}

//! Tests every transition from every reachable combination of facts, by exhaustive search.

use std::collections::HashMap;

use super::{CloseInfo, Closing, Endpoint, PeerStream, State, TcpStep};
use crate::{
    close::{CloseCode, CloseFrame},
    role::Role,
    violation::Violation,
};

/// Something that can happen to a connection. For each variant, [`apply`] calls the transition
/// methods of `closing.rs` that a connection would call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transition {
    CloseSent,
    CloseReceived,
    EmptyCloseReceived,
    Violation,
    Abandoned,
    EofRead,
    MoreInputNeeded,
    WriteError,
    ReadError,
    OutputDiscarded,
    CloseDiscarded,
    Timeout,
    /// The send queue is empty, and the driver takes the next step in closing the TCP connection.
    TcpStep,
}

const TRANSITIONS: [Transition; 13] = [
    Transition::CloseSent,
    Transition::CloseReceived,
    Transition::EmptyCloseReceived,
    Transition::Violation,
    Transition::Abandoned,
    Transition::EofRead,
    Transition::MoreInputNeeded,
    Transition::WriteError,
    Transition::ReadError,
    Transition::OutputDiscarded,
    Transition::CloseDiscarded,
    Transition::Timeout,
    Transition::TcpStep,
];

/// Returns the facts after a transition, or `None` if the transition cannot happen on a connection
/// with these facts.
fn apply(facts: &Closing, transition: Transition, role: Role) -> Option<Closing> {
    let mut next = facts.clone();
    let may_read = !facts.ignores_input() && facts.peer_stream != PeerStream::EofReached;
    match transition {
        Transition::CloseSent if facts.state() == State::Open => next.on_close_sent(Some(CloseFrame::NORMAL)),
        // A connection answers a Close that it receives, so a Close is recorded as sent too.
        Transition::CloseReceived if may_read => {
            next.on_close_received(Some(CloseFrame::new(CloseCode::GOING_AWAY, "bye").unwrap()));
            next.on_close_sent(Some(CloseFrame::new(CloseCode::GOING_AWAY, "").unwrap()));
        }
        Transition::EmptyCloseReceived if may_read => {
            next.on_close_received(None);
            next.on_close_sent(None);
        }
        // A connection that fails sends a Close, so a Close is recorded as sent too.
        Transition::Violation if may_read => {
            next.on_close_sent(Some(CloseFrame::for_violation(&Violation::UnmaskedFrame)));
            next.on_violation(Violation::UnmaskedFrame);
        }
        // Abandoning a connection also queues a Close, so record it.
        Transition::Abandoned if may_read => {
            next.on_close_sent(Some(CloseFrame::NORMAL));
            next.on_abandoned();
        }
        Transition::EofRead if facts.peer_stream == PeerStream::Open => next.on_eof_read(),
        Transition::MoreInputNeeded => assert_eq!(next.on_more_input_needed(), facts.is_eof_pending()),
        Transition::WriteError => next.on_write_error(),
        Transition::ReadError if facts.peer_stream == PeerStream::Open => next.on_read_error(),
        Transition::OutputDiscarded if facts.write_failed || facts.timed_out => next.on_output_discarded(false),
        Transition::CloseDiscarded if (facts.write_failed || facts.timed_out) && facts.is_close_sent() => {
            next.on_output_discarded(true);
        }
        // The close timer runs, and can therefore expire, in three cases: while the connection is
        // closing, after the end of the peer's stream, and after a failed write.
        Transition::Timeout
            if facts.state() != State::Open || facts.peer_stream != PeerStream::Open || facts.write_failed =>
        {
            next.on_timeout();
        }
        Transition::TcpStep => next.on_tcp_step(facts.tcp_step(role)?),
        _ => return None,
    }
    let is_discard = matches!(transition, Transition::OutputDiscarded | Transition::CloseDiscarded);
    (!facts.disconnected || is_discard).then_some(next)
}

fn key(facts: &Closing) -> String {
    format!("{facts:?}")
}

const fn progress(state: State) -> u8 {
    match state {
        State::Connecting => 0,
        State::Open => 1,
        State::Closing => 2,
        State::Closed => 3,
    }
}

/// Calls `check` for every reachable transition, with the facts before and after it. Returns the
/// number of reachable combinations of facts.
fn walk(role: Role, mut check: impl FnMut(&Closing, Transition, &Closing)) -> usize {
    let mut seen = HashMap::from([(key(&Closing::default()), Closing::default())]);
    let mut pending = vec![Closing::default()];
    while let Some(facts) = pending.pop() {
        for transition in TRANSITIONS {
            let Some(next) = apply(&facts, transition, role) else { continue };
            check(&facts, transition, &next);
            if seen.insert(key(&next), next.clone()).is_none() {
                pending.push(next);
            }
        }
    }
    seen.len()
}

#[test]
fn a_fact_that_is_set_stays_as_it_is() {
    for role in [Role::Client, Role::Server] {
        let combinations = walk(role, |before, transition, after| {
            let context = format!("{role:?}: {before:?} -{transition:?}-> {after:?}");
            assert!(before.sent.is_none() || before.sent == after.sent, "{context}");
            assert!(before.received.is_none() || before.received == after.received, "{context}");
            assert!(before.initiator.is_none() || before.initiator == after.initiator, "{context}");
            assert!(before.violation.is_none() || before.violation == after.violation, "{context}");
            for (was, is) in [
                (before.abandoned, after.abandoned),
                (before.output_discarded, after.output_discarded),
                (before.close_discarded, after.close_discarded),
                (before.half_closed, after.half_closed),
                (before.write_failed, after.write_failed),
                (before.timed_out, after.timed_out),
                (before.disconnected, after.disconnected),
            ] {
                assert!(!was || is, "{context}");
            }
        });
        assert!(combinations > 300, "the search has stopped early: {combinations}");
    }
}

#[test]
fn the_state_never_goes_back() {
    for role in [Role::Client, Role::Server] {
        walk(role, |before, transition, after| {
            let is_forward = progress(after.state()) >= progress(before.state());
            assert!(is_forward, "{role:?}: {before:?} -{transition:?}-> {after:?}");
        });
    }
}

#[test]
fn from_every_combination_of_facts_the_connection_can_end() {
    for role in [Role::Client, Role::Server] {
        walk(role, |_, _, after| {
            let mut facts = after.clone();
            // The worst case: nothing more arrives, and the deadline passes.
            facts.on_close_sent(Some(CloseFrame::NORMAL));
            facts.on_timeout();
            while let Some(step) = facts.tcp_step(role) {
                facts.on_tcp_step(step);
            }
            assert_eq!(facts.state(), State::Closed, "{role:?}: {after:?}");
        });
    }
}

#[test]
fn nothing_is_done_with_tcp_after_it_has_ended_and_no_half_close_is_repeated() {
    for role in [Role::Client, Role::Server] {
        walk(role, |before, transition, after| {
            let context = format!("{role:?}: {before:?} -{transition:?}-> {after:?}");
            if after.disconnected {
                assert_eq!(after.tcp_step(role), None, "{context}");
            }
            if after.half_closed {
                assert_ne!(after.tcp_step(role), Some(TcpStep::HalfClose), "{context}");
            }
            // A client waits until the server closes the TCP connection, unless the client fails
            // the connection or has to abandon it (section 7.1.1).
            if role == Role::Client && after.violation.is_none() && !after.abandoned {
                assert_ne!(after.tcp_step(role), Some(TcpStep::HalfClose), "{context}");
            }
        });
    }
}

#[test]
fn the_summary_follows_from_the_facts() {
    for role in [Role::Client, Role::Server] {
        walk(role, |before, transition, after| {
            let CloseInfo { code, was_clean, initiator, .. } = after.close_info();
            let context = format!("{role:?}: {before:?} -{transition:?}-> {after:?}");
            let expected = match &after.received {
                Some(Some(frame)) => frame.code(),
                Some(None) => CloseCode::NO_STATUS_RECEIVED,
                None => CloseCode::ABNORMAL_CLOSURE,
            };
            assert_eq!(code, expected, "{context}");
            assert_eq!(initiator.is_some(), after.sent.is_some() || after.received.is_some(), "{context}");
            if was_clean {
                assert!(after.sent.is_some() && after.received.is_some() && after.violation.is_none(), "{context}");
                assert!(!after.close_discarded, "{context}");
            }
            if initiator == Some(Endpoint::Remote) {
                assert!(after.received.is_some(), "{context}");
            }
        });
    }
}

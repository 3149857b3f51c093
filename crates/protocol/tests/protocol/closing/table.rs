//! Section 7: every input in every situation of a connection, in one table.

use std::time::Duration;

use protocol::{CloseCode, Config, MessageKind, Role, State, UsageError, Violation};
use testkit::{
    duration::secs,
    endpoint::{TestEndpoint, for_both_roles},
    observed::{Observed, close, ping, pong, text, violated},
    transmitted::Transmitted,
};

use self::{ClosingInput::*, ClosingOutput::*, InputEffect::*};

// ---- Situations ---------------------------------------------------------------------------------

/// The situation of a connection before an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    /// Nothing has happened.
    Open,
    /// This endpoint has sent a Close, and the peer has not.
    LocalClosed,
    /// The peer's Close arrived first, and this endpoint has answered it.
    RemoteClosed,
    /// This endpoint's Close was sent first, and the peer has answered it.
    BothClosed,
    /// The peer broke a rule, and this endpoint has sent a Close.
    Failed,
    /// A write has failed.
    WriteFailed,
    /// This endpoint has sent a Close, and then a write has failed.
    LocalClosedWriteFailed,
    /// The peer has ended its stream. The driver has not disconnected yet.
    EofRead,
    /// The Close was not answered in time. The driver has not disconnected yet.
    TimedOut,
    /// TCP has ended.
    Disconnected,
}

impl Situation {
    const ALL: [Self; 10] = [
        Self::Open,
        Self::LocalClosed,
        Self::RemoteClosed,
        Self::BothClosed,
        Self::Failed,
        Self::WriteFailed,
        Self::LocalClosedWriteFailed,
        Self::EofRead,
        Self::TimedOut,
        Self::Disconnected,
    ];

    /// Brings a new endpoint into this situation.
    fn prepare(self, endpoint: &mut TestEndpoint) {
        match self {
            Self::Open => {}
            Self::LocalClosed => endpoint.close(4001, ""),
            Self::RemoteClosed => drop(endpoint.receive(&["88 02 0fa2"])),
            Self::BothClosed => {
                endpoint.close(4001, "");
                endpoint.receive(&["88 02 0fa2"]);
            }
            Self::Failed => drop(endpoint.receive(&["83 00"])),
            Self::WriteFailed => endpoint.connection.handle_write_error(endpoint.now),
            Self::LocalClosedWriteFailed => {
                endpoint.close(4001, "");
                endpoint.transmit();
                endpoint.connection.handle_write_error(endpoint.now);
            }
            Self::EofRead => return drop(endpoint.receive_eof()),
            Self::TimedOut => {
                endpoint.close(4001, "");
                endpoint.transmit();
                return drop(endpoint.advance(secs(5)));
            }
            Self::Disconnected => drop(endpoint.receive_eof()),
        }
        endpoint.transmit();
    }
}

// ---- Inputs and outputs -------------------------------------------------------------------------

/// An input to a connection: bytes from the peer, a report from the driver, or a call from the
/// application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosingInput {
    /// The peer sends the text "ok".
    Message,
    /// The peer sends the first fragment of a text message.
    Fragment,
    /// The peer sends a Ping.
    Ping,
    /// The peer sends a Pong.
    Pong,
    /// The peer sends a Close with the code 4003.
    Close,
    /// The peer sends a Close with the code 1006, which must not be sent.
    InvalidClose,
    /// The peer sends a frame with a reserved opcode.
    ReservedOpcode,
    /// The driver reports the end of the peer's stream.
    Eof,
    /// The driver reports that a read has failed.
    ReadError,
    /// The driver reports that a write has failed.
    WriteError,
    /// One minute passes.
    OneMinute,
    /// The application sends the text "ok".
    SendText,
    /// The application sends a Ping.
    SendPing,
    /// The application sends a Pong.
    SendPong,
    /// The application starts the closing handshake with the code 4004.
    StartClose,
    /// The application sends the first fragment of a binary message.
    SendFragment,
}

/// The events that an input causes, or the result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
enum InputEffect {
    /// No event, and `Ok` from a call.
    Nothing,
    /// The event of this input.
    Delivered,
    /// The violation of this input.
    Violated,
    /// [`UsageError::AfterClose`] from a call.
    AfterClose,
    /// An event or a result that is in no row of the table.
    Unexpected(Vec<Observed>),
}

/// A request from the connection to its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosingOutput {
    TextFrame,
    FragmentFrame,
    PingFrame,
    PongFrame,
    Close4003,
    Close4004,
    /// A Close with the code 1002 and a reason, from an endpoint that fails the connection.
    Close1002,
    HalfClose,
    /// A half-close, if the endpoint is a server. A client waits for the server.
    ServerHalfClose,
    Disconnect,
}

impl ClosingInput {
    const ALL: [Self; 16] = [
        Message,
        Fragment,
        Ping,
        Pong,
        Close,
        InvalidClose,
        ReservedOpcode,
        Eof,
        ReadError,
        WriteError,
        OneMinute,
        SendText,
        SendPing,
        SendPong,
        StartClose,
        SendFragment,
    ];

    /// Returns whether the peer sends bytes.
    const fn is_from_peer(self) -> bool {
        matches!(self, Message | Fragment | Ping | Pong | Close | InvalidClose | ReservedOpcode)
    }

    fn apply(self, endpoint: &mut TestEndpoint) -> InputEffect {
        let now = endpoint.now;
        match self {
            Message => effect_of_events(endpoint.receive(&["81 02 6f6b"]), &text("ok")),
            Fragment => effect_of_events(endpoint.receive(&["01 01 66"]), &text("f")),
            Ping => effect_of_events(endpoint.receive(&["89 01 70"]), &ping("70")),
            Pong => effect_of_events(endpoint.receive(&["8a 01 70"]), &pong("70")),
            Close => effect_of_events(endpoint.receive(&["88 02 0fa3"]), &close(4003, "")),
            InvalidClose => {
                let violation = violated(Violation::CloseCodeInvalid(CloseCode(1006)));
                effect_of_events(endpoint.receive(&["88 02 03ee"]), &violation)
            }
            ReservedOpcode => effect_of_events(endpoint.receive(&["84 00"]), &violated(Violation::ReservedOpcode(4))),
            Eof => no_events(endpoint.receive_eof()),
            ReadError => {
                endpoint.connection.handle_read_error();
                no_events(endpoint.poll_events())
            }
            WriteError => {
                endpoint.connection.handle_write_error(now);
                no_events(endpoint.poll_events())
            }
            OneMinute => no_events(endpoint.advance(Duration::from_secs(60))),
            SendText => call_result(endpoint.connection.send_text("ok")),
            SendPing => call_result(endpoint.connection.ping(b"p")),
            SendPong => call_result(endpoint.connection.pong(b"p")),
            SendFragment => call_result(endpoint.connection.send_fragment(MessageKind::Binary, b"f", false)),
            StartClose => {
                endpoint.close(4004, "");
                Nothing
            }
        }
    }
}

/// Compares the observed events with the only event that the input can cause.
fn effect_of_events(observed: Vec<Observed>, expected: &Observed) -> InputEffect {
    match &observed[..] {
        [] => Nothing,
        [event] if event == expected && event.is_violation() => Violated,
        [event] if event == expected => Delivered,
        _ => Unexpected(observed),
    }
}

fn no_events(observed: Vec<Observed>) -> InputEffect {
    if observed.is_empty() { Nothing } else { Unexpected(observed) }
}

fn call_result(result: Result<(), UsageError>) -> InputEffect {
    match result {
        Ok(()) => Nothing,
        Err(UsageError::AfterClose) => AfterClose,
        Err(other) => panic!("{other}"),
    }
}

/// Transmits everything, and returns the outputs by their names in the table.
fn outputs(endpoint: &mut TestEndpoint) -> Vec<ClosingOutput> {
    let frames = [
        (TextFrame, "81 02 6f6b"),
        (FragmentFrame, "02 01 66"),
        (PingFrame, "89 01 70"),
        (PongFrame, "8a 01 70"),
        (Close4003, "88 02 0fa3"),
        (Close4004, "88 02 0fa4"),
    ];
    let role = endpoint.role();
    let name = |transmitted: Transmitted| match &transmitted {
        Transmitted::HalfClose => HalfClose,
        Transmitted::Disconnect => Disconnect,
        Transmitted::Bytes(bytes) => {
            let known = frames.iter().find(|(_, frame)| Transmitted::parse(role, &[frame])[0] == transmitted);
            match (known, bytes[0]) {
                (Some((output, _)), _) => *output,
                // Only a Close that reports a failure has a reason.
                (None, 0x88) => Close1002,
                _ => panic!("{transmitted:?}"),
            }
        }
    };
    endpoint.transmit().into_iter().map(name).collect()
}

// ---- The table ----------------------------------------------------------------------------------

const CLEAN: bool = true;
const UNCLEAN: bool = false;

/// An input, the events or the result that it causes, the outputs that follow, and then the state,
/// the close code, and whether the connection was closed cleanly.
type TableRow = (ClosingInput, InputEffect, &'static [ClosingOutput], State, u16, bool);

/// All inputs in all situations. After the end of its stream, the peer cannot send any bytes.
#[rustfmt::skip]
const TABLE: [(Situation, &[TableRow]); 10] = [
    (Situation::Open, &[
        (Message,        Delivered,  &[],                           State::Open,    1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (Ping,           Delivered,  &[PongFrame],                  State::Open,    1006, UNCLEAN),
        (Pong,           Delivered,  &[],                           State::Open,    1006, UNCLEAN),
        (Close,          Delivered,  &[Close4003, ServerHalfClose], State::Closing, 4003, CLEAN),
        (InvalidClose,   Violated,   &[Close1002, HalfClose],       State::Closing, 1006, UNCLEAN),
        (ReservedOpcode, Violated,   &[Close1002, HalfClose],       State::Closing, 1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (OneMinute,      Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (SendText,       Nothing,    &[TextFrame],                  State::Open,    1006, UNCLEAN),
        (SendPing,       Nothing,    &[PingFrame],                  State::Open,    1006, UNCLEAN),
        (SendPong,       Nothing,    &[PongFrame],                  State::Open,    1006, UNCLEAN),
        (StartClose,     Nothing,    &[Close4004],                  State::Closing, 1006, UNCLEAN),
        (SendFragment,   Nothing,    &[FragmentFrame],              State::Open,    1006, UNCLEAN),
    ]),
    (Situation::LocalClosed, &[
        (Message,        Delivered,  &[],                           State::Closing, 1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Ping,           Delivered,  &[PongFrame],                  State::Closing, 1006, UNCLEAN),
        (Pong,           Delivered,  &[],                           State::Closing, 1006, UNCLEAN),
        (Close,          Delivered,  &[ServerHalfClose],            State::Closing, 4003, CLEAN),
        (InvalidClose,   Violated,   &[HalfClose],                  State::Closing, 1006, UNCLEAN),
        (ReservedOpcode, Violated,   &[HalfClose],                  State::Closing, 1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPing,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPong,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
    ]),
    (Situation::RemoteClosed, &[
        (Message,        Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Fragment,       Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Ping,           Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Pong,           Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Close,          Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (InvalidClose,   Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (ReservedOpcode, Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (WriteError,     Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (SendText,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (SendPing,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (SendPong,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closing, 4002, CLEAN),
    ]),
    (Situation::BothClosed, &[
        (Message,        Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Fragment,       Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Ping,           Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Pong,           Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Close,          Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (InvalidClose,   Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (ReservedOpcode, Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (WriteError,     Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  4002, CLEAN),
        (SendText,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (SendPing,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (SendPong,       AfterClose, &[],                           State::Closing, 4002, CLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 4002, CLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closing, 4002, CLEAN),
    ]),
    (Situation::Failed, &[
        (Message,        Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Ping,           Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Pong,           Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Close,          Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (InvalidClose,   Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (ReservedOpcode, Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPing,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPong,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
    ]),
    (Situation::WriteFailed, &[
        (Message,        Delivered,  &[],                           State::Open,    1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (Ping,           Delivered,  &[],                           State::Open,    1006, UNCLEAN),
        (Pong,           Delivered,  &[],                           State::Open,    1006, UNCLEAN),
        (Close,          Delivered,  &[Disconnect],                 State::Closed,  4003, UNCLEAN),
        (InvalidClose,   Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReservedOpcode, Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (SendPing,       Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (SendPong,       Nothing,    &[],                           State::Open,    1006, UNCLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (SendFragment,   Nothing,    &[],                           State::Open,    1006, UNCLEAN),
    ]),
    (Situation::LocalClosedWriteFailed, &[
        (Message,        Delivered,  &[],                           State::Closing, 1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (Ping,           Delivered,  &[],                           State::Closing, 1006, UNCLEAN),
        (Pong,           Delivered,  &[],                           State::Closing, 1006, UNCLEAN),
        (Close,          Delivered,  &[Disconnect],                 State::Closed,  4003, CLEAN),
        (InvalidClose,   Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReservedOpcode, Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPing,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (SendPong,       AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
        (StartClose,     Nothing,    &[],                           State::Closing, 1006, UNCLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closing, 1006, UNCLEAN),
    ]),
    (Situation::EofRead, &[
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       Nothing,    &[TextFrame, Disconnect],      State::Closed,  1006, UNCLEAN),
        (SendPing,       Nothing,    &[PingFrame, Disconnect],      State::Closed,  1006, UNCLEAN),
        (SendPong,       Nothing,    &[PongFrame, Disconnect],      State::Closed,  1006, UNCLEAN),
        (StartClose,     Nothing,    &[Close4004, Disconnect],      State::Closed,  1006, UNCLEAN),
        (SendFragment,   Nothing,    &[FragmentFrame, Disconnect],  State::Closed,  1006, UNCLEAN),
    ]),
    (Situation::TimedOut, &[
        (Message,        Delivered,  &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Fragment,       Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Ping,           Delivered,  &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Pong,           Delivered,  &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Close,          Delivered,  &[Disconnect],                 State::Closed,  4003, CLEAN),
        (InvalidClose,   Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReservedOpcode, Violated,   &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (Eof,            Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (OneMinute,      Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendText,       AfterClose, &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendPing,       AfterClose, &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendPong,       AfterClose, &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (StartClose,     Nothing,    &[Disconnect],                 State::Closed,  1006, UNCLEAN),
        (SendFragment,   AfterClose, &[Disconnect],                 State::Closed,  1006, UNCLEAN),
    ]),
    (Situation::Disconnected, &[
        (Message,        Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (Fragment,       Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (Ping,           Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (Pong,           Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (Close,          Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (InvalidClose,   Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (ReservedOpcode, Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (Eof,            Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (ReadError,      Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (WriteError,     Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (OneMinute,      Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (SendText,       AfterClose, &[],                           State::Closed,  1006, UNCLEAN),
        (SendPing,       AfterClose, &[],                           State::Closed,  1006, UNCLEAN),
        (SendPong,       AfterClose, &[],                           State::Closed,  1006, UNCLEAN),
        (StartClose,     Nothing,    &[],                           State::Closed,  1006, UNCLEAN),
        (SendFragment,   AfterClose, &[],                           State::Closed,  1006, UNCLEAN),
    ]),
];

//= docs/src/rfc6455.md#section-7-1-3
//= type=test
//# As soon as an endpoint sends or receives a Close frame, the closing handshake has started and
//# the connection is CLOSING.
//= docs/src/rfc6455.md#section-7-1-4
//= type=test
//# When the TCP connection is closed, the WebSocket connection is CLOSED.
#[test]
fn each_input_has_the_effect_of_the_table_in_each_situation() {
    let mut differences = Vec::new();
    for situation in Situation::ALL {
        let mut rows = TABLE.iter().filter(|(row_situation, _)| *row_situation == situation).map(|(_, rows)| rows);
        let (Some(rows), None) = (rows.next(), rows.next()) else { panic!("{situation:?} is not in the table once") };
        for input in ClosingInput::ALL {
            let mut row = rows.iter().filter(|row| row.0 == input);
            if situation == Situation::EofRead && input.is_from_peer() {
                assert!(row.next().is_none(), "{input:?} after the end of the stream");
                continue;
            }
            let (Some((_, observed, transmitted, state, code, was_clean)), None) = (row.next(), row.next()) else {
                panic!("{input:?} in {situation:?} is not in the table once")
            };
            for role in [Role::Server, Role::Client] {
                let expected_outputs: Vec<ClosingOutput> = transmitted
                    .iter()
                    .filter(|output| role == Role::Server || **output != ServerHalfClose)
                    .map(|output| if *output == ServerHalfClose { HalfClose } else { *output })
                    .collect();
                let expected = (observed.clone(), expected_outputs, *state, (*code, *was_clean));

                let mut endpoint = TestEndpoint::new(role, Config::default());
                situation.prepare(&mut endpoint);
                let observed = input.apply(&mut endpoint);
                let outputs = outputs(&mut endpoint);
                let state = endpoint.connection.state();
                if state == State::Closed {
                    assert_eq!(endpoint.connection.poll_timeout(), None, "{role:?}: {input:?} in {situation:?}");
                }
                let actual = (observed, outputs, state, endpoint.close_outcome());
                if actual != expected {
                    differences.push(format!("{role:?}: {input:?} in {situation:?}: {actual:?}, not {expected:?}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "not as in the table:\n{}", differences.join("\n"));
}

// ---- Calls after the end ------------------------------------------------------------------------

#[test]
fn calls_in_any_order_after_the_end_have_no_effect() {
    let ends: [fn(&mut TestEndpoint); 3] = [
        |endpoint| drop(endpoint.receive_eof()),
        |endpoint| endpoint.connection.handle_read_error(),
        |endpoint| {
            endpoint.close(1000, "");
            endpoint.advance(secs(5));
        },
    ];
    let calls: [fn(&mut TestEndpoint); 9] = [
        |endpoint| endpoint.connection.receive_eof(),
        |endpoint| endpoint.connection.handle_read_error(),
        |endpoint| endpoint.connection.handle_write_error(endpoint.now),
        |endpoint| endpoint.connection.receive(&[0xFF; 100]),
        |endpoint| assert!(endpoint.connection.poll_event(endpoint.now).unwrap().is_none()),
        |endpoint| endpoint.connection.handle_timeout(endpoint.now + secs(1000)).unwrap(),
        |endpoint| endpoint.close(1000, ""),
        |endpoint| assert_eq!(endpoint.connection.send_text("x"), Err(UsageError::AfterClose)),
        |endpoint| assert!(endpoint.connection.poll_transmit().is_none()),
    ];
    for end in ends {
        for first in calls {
            for second in calls {
                for_both_roles(|endpoint| {
                    end(endpoint);
                    endpoint.poll_events();
                    assert_eq!(endpoint.transmit().last(), Some(&Transmitted::Disconnect));
                    let close_info = endpoint.connection.close_info();
                    for call in [first, second] {
                        call(endpoint);
                        endpoint.poll_events();
                        endpoint.assert_transmits_nothing();
                        assert_eq!(endpoint.connection.poll_timeout(), None);
                    }
                    assert_eq!(endpoint.connection.close_info(), close_info, "close_info() has changed after CLOSED");
                    assert_eq!((endpoint.connection.payload_remaining(), endpoint.connection.queued_bytes()), (0, 0));
                    assert_eq!(endpoint.connection.state(), State::Closed);
                });
            }
        }
    }
}

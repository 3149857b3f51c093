//! Section 7: everything that can happen to a connection, in every situation in which it can be, in one table.

use crate::common::{End, Heard, Step, both, s, wire};
use protocol::{Config, MessageKind, Role, State, UsageError, Violation};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

// ---- Every event in every situation ---------------------------------------------------------------------------------

/// Where a connection can stand.
const SITUATIONS: [&str; 10] = [
    "open",             // nothing has happened
    "we closed",        // our Close is out, the peer's is not there
    "peer closed",      // the peer's Close was there first, ours is out
    "both closed",      // ours was first, the peer's is there
    "failed",           // the peer broke a rule, our Close is out
    "write_failed",     // writing has failed
    "we, write_failed", // our Close is out, and then writing has failed
    "end seen",         // the peer has ended its stream; the driver has not dropped TCP yet
    "gave up",          // our Close was not answered in time; the driver has not dropped TCP yet
    "closed",           // TCP is gone
];

fn bring_about(situation: &str, end: &mut End) {
    match situation {
        "open" => {}
        "we closed" => end.close(4001, ""),
        "peer closed" => drop(end.hears(&["88 02 0fa2"])),
        "both closed" => {
            end.close(4001, "");
            end.hears(&["88 02 0fa2"]);
        }
        "failed" => drop(end.hears(&["83 00"])),
        "write_failed" => end.connection.handle_write_error(end.now),
        "we, write_failed" => {
            end.close(4001, "");
            end.steps();
            end.connection.handle_write_error(end.now);
        }
        "end seen" => return drop(end.hears_end()),
        "gave up" => {
            end.close(4001, "");
            end.steps();
            return drop(end.wait(s(5)));
        }
        "closed" => drop(end.hears_end()),
        other => panic!("what is {other}?"),
    }
    end.steps();
}

/// What can happen to it.
const HAPPENINGS: [&str; 16] = [
    "message",
    "fragment",
    "ping",
    "pong",
    "close",
    "bad close",
    "violation",
    "end",
    "loss",
    "write_failed",
    "deadline",
    "we send",
    "we ping",
    "we pong",
    "we close",
    "we fragment",
];

/// Those of them that are bytes of the peer.
const FROM_THE_PEER: [&str; 7] = ["message", "fragment", "ping", "pong", "close", "bad close", "violation"];

/// Lets it happen; gives what was heard, or what the call was answered.
fn happen(happening: &str, end: &mut End) -> String {
    let heard = match happening {
        "message" => end.hears(&["81 02 6f6b"]),
        "ping" => end.hears(&["89 01 70"]),
        "fragment" => end.hears(&["01 01 66"]),
        "pong" => end.hears(&["8a 01 70"]),
        "close" => end.hears(&["88 02 0fa3"]),
        "bad close" => end.hears(&["88 02 03ee"]), // 1006
        "violation" => end.hears(&["84 00"]),
        "end" => end.hears_end(),
        "loss" => {
            end.connection.handle_read_error();
            end.events()
        }
        "write_failed" => {
            end.connection.handle_write_error(end.now);
            end.events()
        }
        "deadline" => end.wait(s(60)),
        "we send" => return answered(&end.connection.send_text("ok")),
        "we ping" => return answered(&end.connection.ping(b"p")),
        "we pong" => return answered(&end.connection.pong(b"p")),
        "we fragment" => return answered(&end.connection.send_fragment(MessageKind::Binary, b"f", false)),
        "we close" => {
            end.close(4004, "");
            Vec::new()
        }
        other => panic!("what is {other}?"),
    };
    let words: Vec<&str> = heard
        .iter()
        .map(|heard| match heard {
            Heard::Text(_) => "hears ok",
            Heard::Ping(_) | Heard::Pong(_) => "hears p",
            Heard::Close(Some((4003, _))) => "hears 4003",
            Heard::Broken(Violation::ReservedOpcode(4) | Violation::CloseCodeInvalid(_)) => "fails",
            other => panic!("{other:?}"),
        })
        .collect();
    words.join(", ")
}

fn answered(answer: &Result<(), UsageError>) -> String {
    match answer {
        Ok(()) => String::new(),
        Err(UsageError::AfterClose) => "refused".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// What is done with TCP then, in words.
fn in_words(end: &End, steps: &[Step]) -> String {
    let frames = [
        ("sends ok", "81 02 6f6b"),
        ("sends f", "02 01 66"),
        ("pings", "89 01 70"),
        ("pongs", "8a 01 70"),
        ("sends 4003", "88 02 0fa3"),
        ("sends 4004", "88 02 0fa4"),
    ];
    let words: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::HalfClose => "half-closes",
            Step::Disconnect => "drops TCP",
            Step::Bytes(bytes) => {
                let known = frames.iter().find(|(_, frame)| wire(end.role(), &[frame]) == *bytes);
                // A Close with a reason: that of a failure.
                known.map_or_else(
                    || if bytes[0] == 0x88 { "sends 1002" } else { panic!("{step:?}") },
                    |(words, _)| words,
                )
            }
        })
        .collect();
    words.join(", ")
}

/// `situation | happening | what is heard or answered | what a server does | a client, if not the same | ending`
///
/// The ending is the state, the close code, and `clean` if the end was clean.
const TABLE: &str = "
    open        | message     | hears ok   |                          |            | OPEN 1006
    open        | fragment    |            |                          |            | OPEN 1006
    open        | ping        | hears p    | pongs                    |            | OPEN 1006
    open        | pong        | hears p    |                          |            | OPEN 1006
    open        | close       | hears 4003 | sends 4003, half-closes  | sends 4003 | CLOSING 4003 clean
    open        | bad close   | fails      | sends 1002, half-closes  |            | CLOSING 1006
    open        | violation   | fails      | sends 1002, half-closes  |            | CLOSING 1006
    open        | end         |            | drops TCP                |            | CLOSED 1006
    open        | loss        |            | drops TCP                |            | CLOSED 1006
    open        | write_failed        |            |                          |            | OPEN 1006
    open        | deadline    |            |                          |            | OPEN 1006
    open        | we send     |            | sends ok                 |            | OPEN 1006
    open        | we ping     |            | pings                    |            | OPEN 1006
    open        | we pong     |            | pongs                    |            | OPEN 1006
    open        | we close    |            | sends 4004               |            | CLOSING 1006
    open        | we fragment |            | sends f                  |            | OPEN 1006

    we closed   | message     | hears ok   |                          |            | CLOSING 1006
    we closed   | fragment    |            |                          |            | CLOSING 1006
    we closed   | ping        | hears p    | pongs                    |            | CLOSING 1006
    we closed   | pong        | hears p    |                          |            | CLOSING 1006
    we closed   | close       | hears 4003 | half-closes              | -          | CLOSING 4003 clean
    we closed   | bad close   | fails      | half-closes              |            | CLOSING 1006
    we closed   | violation   | fails      | half-closes              |            | CLOSING 1006
    we closed   | end         |            | drops TCP                |            | CLOSED 1006
    we closed   | loss        |            | drops TCP                |            | CLOSED 1006
    we closed   | write_failed        |            |                          |            | CLOSING 1006
    we closed   | deadline    |            | drops TCP                |            | CLOSED 1006
    we closed   | we send     | refused    |                          |            | CLOSING 1006
    we closed   | we ping     | refused    |                          |            | CLOSING 1006
    we closed   | we pong     | refused    |                          |            | CLOSING 1006
    we closed   | we close    |            |                          |            | CLOSING 1006
    we closed   | we fragment | refused    |                          |            | CLOSING 1006

    peer closed | message     |            |                          |            | CLOSING 4002 clean
    peer closed | fragment    |            |                          |            | CLOSING 4002 clean
    peer closed | ping        |            |                          |            | CLOSING 4002 clean
    peer closed | pong        |            |                          |            | CLOSING 4002 clean
    peer closed | close       |            |                          |            | CLOSING 4002 clean
    peer closed | bad close   |            |                          |            | CLOSING 4002 clean
    peer closed | violation   |            |                          |            | CLOSING 4002 clean
    peer closed | end         |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | loss        |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | write_failed        |            |                          |            | CLOSING 4002 clean
    peer closed | deadline    |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | we send     | refused    |                          |            | CLOSING 4002 clean
    peer closed | we ping     | refused    |                          |            | CLOSING 4002 clean
    peer closed | we pong     | refused    |                          |            | CLOSING 4002 clean
    peer closed | we close    |            |                          |            | CLOSING 4002 clean
    peer closed | we fragment | refused    |                          |            | CLOSING 4002 clean

    both closed | message     |            |                          |            | CLOSING 4002 clean
    both closed | fragment    |            |                          |            | CLOSING 4002 clean
    both closed | ping        |            |                          |            | CLOSING 4002 clean
    both closed | pong        |            |                          |            | CLOSING 4002 clean
    both closed | close       |            |                          |            | CLOSING 4002 clean
    both closed | bad close   |            |                          |            | CLOSING 4002 clean
    both closed | violation   |            |                          |            | CLOSING 4002 clean
    both closed | end         |            | drops TCP                |            | CLOSED 4002 clean
    both closed | loss        |            | drops TCP                |            | CLOSED 4002 clean
    both closed | write_failed        |            |                          |            | CLOSING 4002 clean
    both closed | deadline    |            | drops TCP                |            | CLOSED 4002 clean
    both closed | we send     | refused    |                          |            | CLOSING 4002 clean
    both closed | we ping     | refused    |                          |            | CLOSING 4002 clean
    both closed | we pong     | refused    |                          |            | CLOSING 4002 clean
    both closed | we close    |            |                          |            | CLOSING 4002 clean
    both closed | we fragment | refused    |                          |            | CLOSING 4002 clean

    failed      | message     |            |                          |            | CLOSING 1006
    failed      | fragment    |            |                          |            | CLOSING 1006
    failed      | ping        |            |                          |            | CLOSING 1006
    failed      | pong        |            |                          |            | CLOSING 1006
    failed      | close       |            |                          |            | CLOSING 1006
    failed      | bad close   |            |                          |            | CLOSING 1006
    failed      | violation   |            |                          |            | CLOSING 1006
    failed      | end         |            | drops TCP                |            | CLOSED 1006
    failed      | loss        |            | drops TCP                |            | CLOSED 1006
    failed      | write_failed        |            |                          |            | CLOSING 1006
    failed      | deadline    |            | drops TCP                |            | CLOSED 1006
    failed      | we send     | refused    |                          |            | CLOSING 1006
    failed      | we ping     | refused    |                          |            | CLOSING 1006
    failed      | we pong     | refused    |                          |            | CLOSING 1006
    failed      | we close    |            |                          |            | CLOSING 1006
    failed      | we fragment | refused    |                          |            | CLOSING 1006

    write_failed        | message     | hears ok   |                          |            | OPEN 1006
    write_failed        | fragment    |            |                          |            | OPEN 1006
    write_failed        | ping        | hears p    |                          |            | OPEN 1006
    write_failed        | pong        | hears p    |                          |            | OPEN 1006
    write_failed        | close       | hears 4003 |                          |            | CLOSING 4003
    write_failed        | bad close   | fails      |                          |            | CLOSING 1006
    write_failed        | violation   | fails      |                          |            | CLOSING 1006
    write_failed        | end         |            | drops TCP                |            | CLOSED 1006
    write_failed        | loss        |            | drops TCP                |            | CLOSED 1006
    write_failed        | write_failed        |            |                          |            | OPEN 1006
    write_failed        | deadline    |            | drops TCP                |            | CLOSED 1006
    write_failed        | we send     |            |                          |            | OPEN 1006
    write_failed        | we ping     |            |                          |            | OPEN 1006
    write_failed        | we pong     |            |                          |            | OPEN 1006
    write_failed        | we close    |            |                          |            | CLOSING 1006
    write_failed        | we fragment |            |                          |            | OPEN 1006

    we, write_failed    | message     | hears ok   |                          |            | CLOSING 1006
    we, write_failed    | fragment    |            |                          |            | CLOSING 1006
    we, write_failed    | ping        | hears p    |                          |            | CLOSING 1006
    we, write_failed    | pong        | hears p    |                          |            | CLOSING 1006
    we, write_failed    | close       | hears 4003 |                          |            | CLOSING 4003 clean
    we, write_failed    | bad close   | fails      |                          |            | CLOSING 1006
    we, write_failed    | violation   | fails      |                          |            | CLOSING 1006
    we, write_failed    | end         |            | drops TCP                |            | CLOSED 1006
    we, write_failed    | loss        |            | drops TCP                |            | CLOSED 1006
    we, write_failed    | write_failed        |            |                          |            | CLOSING 1006
    we, write_failed    | deadline    |            | drops TCP                |            | CLOSED 1006
    we, write_failed    | we send     | refused    |                          |            | CLOSING 1006
    we, write_failed    | we ping     | refused    |                          |            | CLOSING 1006
    we, write_failed    | we pong     | refused    |                          |            | CLOSING 1006
    we, write_failed    | we close    |            |                          |            | CLOSING 1006
    we, write_failed    | we fragment | refused    |                          |            | CLOSING 1006

    end seen    | end         |            | drops TCP                |            | CLOSED 1006
    end seen    | loss        |            | drops TCP                |            | CLOSED 1006
    end seen    | write_failed        |            | drops TCP                |            | CLOSED 1006
    end seen    | deadline    |            | drops TCP                |            | CLOSED 1006
    end seen    | we send     |            | sends ok, drops TCP      |            | CLOSED 1006
    end seen    | we ping     |            | pings, drops TCP         |            | CLOSED 1006
    end seen    | we pong     |            | pongs, drops TCP         |            | CLOSED 1006
    end seen    | we close    |            | sends 4004, drops TCP    |            | CLOSED 1006
    end seen    | we fragment |            | sends f, drops TCP       |            | CLOSED 1006

    gave up     | message     | hears ok   | drops TCP                |            | CLOSED 1006
    gave up     | fragment    |            | drops TCP                |            | CLOSED 1006
    gave up     | ping        | hears p    | drops TCP                |            | CLOSED 1006
    gave up     | pong        | hears p    | drops TCP                |            | CLOSED 1006
    gave up     | close       | hears 4003 | drops TCP                |            | CLOSED 4003 clean
    gave up     | bad close   | fails      | drops TCP                |            | CLOSED 1006
    gave up     | violation   | fails      | drops TCP                |            | CLOSED 1006
    gave up     | end         |            | drops TCP                |            | CLOSED 1006
    gave up     | loss        |            | drops TCP                |            | CLOSED 1006
    gave up     | write_failed        |            | drops TCP                |            | CLOSED 1006
    gave up     | deadline    |            | drops TCP                |            | CLOSED 1006
    gave up     | we send     | refused    | drops TCP                |            | CLOSED 1006
    gave up     | we ping     | refused    | drops TCP                |            | CLOSED 1006
    gave up     | we pong     | refused    | drops TCP                |            | CLOSED 1006
    gave up     | we close    |            | drops TCP                |            | CLOSED 1006
    gave up     | we fragment | refused    | drops TCP                |            | CLOSED 1006

    closed      | message     |            |                          |            | CLOSED 1006
    closed      | fragment    |            |                          |            | CLOSED 1006
    closed      | ping        |            |                          |            | CLOSED 1006
    closed      | pong        |            |                          |            | CLOSED 1006
    closed      | close       |            |                          |            | CLOSED 1006
    closed      | bad close   |            |                          |            | CLOSED 1006
    closed      | violation   |            |                          |            | CLOSED 1006
    closed      | end         |            |                          |            | CLOSED 1006
    closed      | loss        |            |                          |            | CLOSED 1006
    closed      | write_failed        |            |                          |            | CLOSED 1006
    closed      | deadline    |            |                          |            | CLOSED 1006
    closed      | we send     | refused    |                          |            | CLOSED 1006
    closed      | we ping     | refused    |                          |            | CLOSED 1006
    closed      | we pong     | refused    |                          |            | CLOSED 1006
    closed      | we close    |            |                          |            | CLOSED 1006
    closed      | we fragment | refused    |                          |            | CLOSED 1006
";

//= docs/src/rfc6455.md#section-7-1-3
//= type=test
//# From the moment an endpoint sends or receives a Close, the closing handshake has begun and the connection is
//# CLOSING.
//= docs/src/rfc6455.md#section-7-1-4
//= type=test
//# When the TCP connection is closed, the WebSocket connection is CLOSED.
#[test]
fn every_event_in_every_situation_is_in_the_table_and_happens_as_it_says() {
    let rows: Vec<Vec<&str>> = TABLE
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let mut differences = Vec::new();
    for situation in SITUATIONS {
        for happening in HAPPENINGS {
            // No byte comes behind the end of a stream.
            if situation == "end seen" && FROM_THE_PEER.contains(&happening) {
                continue;
            }
            let mut matching = rows.iter().filter(|row| row[0] == situation && row[1] == happening);
            let (Some(row), None) = (matching.next(), matching.next()) else {
                panic!("{situation} | {happening}: not once in the table")
            };
            let &[_, _, heard, server, client, ending] = &row[..] else { panic!("six columns in {row:?}") };
            for role in [SERVER, CLIENT] {
                let mut end = End::new(role, Config::default());
                bring_about(situation, &mut end);
                let really_heard = happen(happening, &mut end);
                let steps = end.steps();
                let really_done = in_words(&end, &steps);
                let (code, was_clean) = end.ending();
                let clean = if was_clean { " clean" } else { "" };
                let really_ended = format!("{} {code}{clean}", end.connection.state());
                if end.connection.state() == State::Closed {
                    assert_eq!(end.connection.poll_timeout(), None, "{role:?}: {situation} | {happening}");
                }
                let done = match (role, client) {
                    (SERVER, _) | (CLIENT, "") => server,
                    (CLIENT, "-") => "",
                    (CLIENT, client) => client,
                };
                if (really_heard.as_str(), really_done.as_str(), really_ended.as_str()) != (heard, done, ending) {
                    differences.push(format!(
                        "{role:?}: {situation} | {happening} | {really_heard} | {really_done} | {really_ended}"
                    ));
                }
            }
        }
    }
    assert!(differences.is_empty(), "otherwise than in the table:\n{}", differences.join("\n"));
    assert_eq!(rows.len(), SITUATIONS.len() * HAPPENINGS.len() - FROM_THE_PEER.len(), "no row without a test");
}

// ---- A driver that does not know better -----------------------------------------------------------------------------

#[test]
fn calls_in_any_order_after_the_end_are_harmless() {
    let endings: [fn(&mut End); 3] = [
        |end| drop(end.hears_end()),
        |end| end.connection.handle_read_error(),
        |end| {
            end.close(1000, "");
            end.wait(s(5));
        },
    ];
    let calls: [fn(&mut End); 9] = [
        |end| end.connection.receive_eof(),
        |end| end.connection.handle_read_error(),
        |end| end.connection.handle_write_error(end.now),
        |end| end.connection.receive(&[0xFF; 100]),
        |end| assert!(end.connection.poll_event(end.now).unwrap().is_none()),
        |end| end.connection.handle_timeout(end.now + s(1000)).unwrap(),
        |end| end.close(1000, ""),
        |end| assert_eq!(end.connection.send_text("x"), Err(UsageError::AfterClose)),
        |end| assert!(end.connection.poll_transmit().is_none()),
    ];
    for ending in endings {
        for first in calls {
            for second in calls {
                both(|end| {
                    ending(end);
                    end.events();
                    assert_eq!(end.steps().last(), Some(&Step::Disconnect));
                    let close_info = end.connection.close_info();
                    for call in [first, second] {
                        call(end);
                        end.events();
                        end.transmits_nothing();
                        assert_eq!(end.connection.poll_timeout(), None);
                    }
                    assert_eq!(end.connection.close_info(), close_info, "final once CLOSED");
                    assert_eq!((end.connection.payload_remaining(), end.connection.queued_bytes()), (0, 0));
                    assert_eq!(end.connection.state(), State::Closed);
                });
            }
        }
    }
}

//! Pings sent unasked, in stopped time: an hour costs nothing (section 5.5.2).

use std::time::Duration;

use futures_util::FutureExt;
use protocol::{CloseCode, Config, KeepAlive, Message, State, Violation};
use tokio::time::{Instant, timeout};
use websocket::{Error, Event, WebSocket};

use crate::common::{
    BINARY, CLOSE, PING, PONG, Scripted, Wire, client_with, duplex_pair, from_client, from_server,
    guarded_with_stopped_clock, scripted, server, server_with,
};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(1);

fn config() -> Config {
    Config { keep_alive: Some(KeepAlive { interval: INTERVAL, timeout: TIMEOUT }), ..Config::default() }
}

fn keeping_alive() -> (WebSocket<Scripted>, Wire) {
    let (stream, wire) = scripted();
    (server_with(stream, config()), wire)
}

/// Reads for so long, and expects that nothing comes.
async fn read_in_vain(websocket: &mut WebSocket<Scripted>, duration: Duration) {
    let event = timeout(duration, websocket.next()).await;
    assert!(event.is_err(), "{event:?}");
}

#[tokio::test(start_paused = true)]
async fn a_ping_leaves_when_the_interval_is_over_and_not_before() {
    let (mut server, wire) = keeping_alive();
    read_in_vain(&mut server, INTERVAL - MOMENT).await;
    assert_eq!(wire.written(), b"");
    read_in_vain(&mut server, MOMENT * 2).await;
    assert_eq!(wire.written(), [0x89, 0x04, 0, 0, 0, 1], "a Ping with a number");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_alive_masks_its_pings() {
    let (stream, wire) = scripted();
    let mut client = client_with(stream, config());
    read_in_vain(&mut client, INTERVAL + MOMENT).await;
    assert_eq!(wire.written(), [0x89, 0x84, 0x37, 0xFA, 0x21, 0x3D, 0x37, 0xFA, 0x21, 0x3C]);
}

#[tokio::test(start_paused = true)]
async fn without_keep_alive_nothing_is_ever_sent() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    read_in_vain(&mut server, Duration::from_secs(3000)).await;
    assert_eq!(wire.written(), b"");
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_found_when_the_pong_is_overdue() {
    let (mut server, wire) = keeping_alive();
    let began = Instant::now();
    read_in_vain(&mut server, INTERVAL + TIMEOUT - MOMENT).await;
    assert_eq!(server.state(), State::Open);
    let end = guarded_with_stopped_clock(server.next()).await;
    assert!(matches!(end, Some(Err(Error::Violation(Violation::PongOverdue)))), "{end:?}");
    // A dead peer does not answer the Close either, and gets its five seconds for that.
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT + Duration::from_secs(5));
    assert!(server.next().await.is_none());
    assert!(wire.is_shut());
    let close_info = server.close_info();
    assert_eq!((close_info.code, close_info.violation), (CloseCode::ABNORMAL_CLOSURE, Some(Violation::PongOverdue)));
    let written = wire.written();
    assert_eq!(written[..6], [0x89, 0x04, 0, 0, 0, 1]);
    assert_eq!(written[6], CLOSE);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_is_never_given_up() {
    let (mut server, wire) = keeping_alive();
    let began = Instant::now();
    for number in 1..=20_u32 {
        let ping_leaves = began + INTERVAL * number;
        read_in_vain(&mut server, ping_leaves + MOMENT - Instant::now()).await;
        assert_eq!(wire.written().len(), number as usize * 6, "one Ping an interval");
        assert!(wire.written().ends_with(&from_server(PING, number.to_be_bytes())));
        // The answer comes at the last moment.
        read_in_vain(&mut server, ping_leaves + TIMEOUT - MOMENT - Instant::now()).await;
        wire.give(&from_client(PONG, number.to_be_bytes()));
    }
    read_in_vain(&mut server, TIMEOUT).await;
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn anything_heard_is_a_sign_of_life() {
    let (mut server, wire) = keeping_alive();
    // No Pong ever, but now and then a piece of a large message.
    let large = from_client(BINARY, vec![7; 1 << 10]);
    for piece in large.chunks(100) {
        wire.give(piece);
        let event = timeout(TIMEOUT - MOMENT, server.next()).await;
        if let Ok(message) = event {
            assert_eq!(message.unwrap().unwrap(), Message::binary(vec![7; 1 << 10]));
        }
    }
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_pong_that_is_not_ours_is_heard_and_shown() {
    let (mut server, wire) = keeping_alive();
    read_in_vain(&mut server, INTERVAL + MOMENT).await;
    wire.give(&from_client(PONG, "unasked"));
    let event = server.next_event().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(event, Event::Pong("unasked".into()));
    read_in_vain(&mut server, TIMEOUT).await;
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn two_of_ours_keep_each_other_alive_for_a_day() {
    let (ours, theirs) = tokio::io::duplex(64);
    let (mut client, mut server) = (client_with(ours, config()), server_with(theirs, config()));
    let day = timeout(Duration::from_secs(86_400), async { tokio::join!(client.next(), server.next()) }).await;
    assert!(day.is_err(), "{day:?}");
    assert_eq!((client.state(), server.state()), (State::Open, State::Open));
}

#[tokio::test(start_paused = true)]
async fn no_ping_leaves_after_a_close() {
    let (mut server, wire) = keeping_alive();
    read_in_vain(&mut server, INTERVAL - MOMENT).await;
    server.start_close(CloseCode::NORMAL, "").await.unwrap();
    let end = guarded_with_stopped_clock(server.next()).await;
    assert!(matches!(end, Some(Err(Error::EndedWithoutClose))), "{end:?}");
    assert_eq!(wire.written(), [0x88, 0x02, 0x03, 0xE8]);
}

#[tokio::test(start_paused = true)]
async fn whoever_only_sends_to_a_dead_peer_is_told_in_the_end() {
    let (mut server, wire) = keeping_alive();
    wire.block();
    let began = Instant::now();
    let sent = guarded_with_stopped_clock(server.send(vec![0; 300 << 10])).await;
    assert!(sent.is_err(), "the message never left: {:?}", wire.written());
    assert!(began.elapsed() <= INTERVAL + TIMEOUT + Duration::from_secs(5));
}

/// One task that sends a large message to a slow peer reads nothing meanwhile. That is no reason to believe that the peer
/// has said nothing.
#[tokio::test(start_paused = true)]
async fn a_pong_that_lies_unread_during_a_long_send_has_come_in_time() {
    let (mut server, wire) = keeping_alive();
    read_in_vain(&mut server, INTERVAL + MOMENT).await;
    assert_eq!(wire.written(), [0x89, 0x04, 0, 0, 0, 1]);
    wire.give(&from_client(PONG, [0, 0, 0, 1]));
    wire.block();
    let slow_peer = {
        let wire = wire.clone();
        async move {
            tokio::time::sleep(TIMEOUT * 2).await;
            wire.unblock();
        }
    };
    let (sent, ()) =
        guarded_with_stopped_clock(async { tokio::join!(server.send(vec![0; 300 << 10]), slow_peer) }).await;
    sent.unwrap();
    assert_eq!(server.state(), State::Open, "{:?}", server.close_info());
}

/// The Ping waits behind the message, so its Pong has to wait as well.
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_busy_taking_a_large_message_is_alive() {
    let (server, wire) = keeping_alive();
    let (mut reader, mut writer) = server.split();
    wire.block();
    let slow_peer = {
        let wire = wire.clone();
        async move {
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                wire.let_through(1 << 10);
            }
        }
    };
    let whole = async { tokio::join!(writer.send(vec![0; 90 << 10]), slow_peer) };
    let (sent, ()) = guarded_with_stopped_clock(async {
        tokio::select! {
            end = reader.next() => panic!("the peer took {} bytes and is alive: {end:?}", wire.written().len()),
            whole = whole => whole,
        }
    })
    .await;
    sent.unwrap();
    assert_eq!(reader.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_application_is_answered_by_the_peer() {
    let (mut client, mut server) = duplex_pair(64);
    guarded_with_stopped_clock(async {
        client.ping(b"are you there?").await.unwrap();
        client.send("message").await.unwrap();
        assert_eq!(server.next_event().await.unwrap().unwrap(), Event::Ping("are you there?".into()));
        assert_eq!(server.next_event().await.unwrap().unwrap(), Event::Message(Message::text("message")));
        let pong = tokio::select! {
            end = server.next() => panic!("{end:?}"),
            pong = client.next_event() => pong,
        };
        assert_eq!(pong.unwrap().unwrap(), Event::Pong("are you there?".into()));
    })
    .await;
}

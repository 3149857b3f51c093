//! Keep-alive Pings (section 5.5.2). The clock is paused, so that an hour takes no time.

use std::{io::ErrorKind, time::Duration};

use protocol::{CloseCode, Config, KeepAlive, Message, State, Violation};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, PING, PONG},
        server_frame,
    },
    stream::{ScriptedStream, StreamScript, scripted_stream},
    tasks::{ready, with_paused_timeout},
};
use tokio::time::{Instant, timeout};
use websocket::{Error, Event, WebSocket};

use crate::support::{client_with, duplex_pair, server, server_with};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(1);

fn config() -> Config {
    // A message may take any time, so that only the keep-alive can end the connection.
    Config::DEFAULT.keep_alive(KeepAlive { interval: INTERVAL, timeout: TIMEOUT }).message_timeout(None)
}

fn server_with_keep_alive() -> (WebSocket<ScriptedStream>, StreamScript) {
    let (stream, script) = scripted_stream();
    (server_with(stream, config()), script)
}

/// Reads for this long, and checks that no message arrives.
async fn read_nothing_for(websocket: &mut WebSocket<ScriptedStream>, duration: Duration) {
    timeout(duration, websocket.next()).await.expect_err("nothing arrives");
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_sent_when_the_interval_is_over_and_not_before() {
    let (mut server, script) = server_with_keep_alive();
    read_nothing_for(&mut server, INTERVAL - MOMENT).await;
    assert_eq!(script.written(), b"");
    read_nothing_for(&mut server, MOMENT * 2).await;
    assert_eq!(script.written(), [0x89, 0x04, 0, 0, 0, 1], "a numbered Ping");
}

#[tokio::test(start_paused = true)]
async fn a_client_masks_its_keep_alive_pings() {
    let (stream, script) = scripted_stream();
    let mut client = client_with(stream, config());
    read_nothing_for(&mut client, INTERVAL + MOMENT).await;
    assert_eq!(script.written(), [0x89, 0x84, 0x37, 0xFA, 0x21, 0x3D, 0x37, 0xFA, 0x21, 0x3C]);
}

#[tokio::test(start_paused = true)]
async fn without_keep_alive_an_idle_connection_sends_nothing() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    read_nothing_for(&mut server, Duration::from_secs(3000)).await;
    assert_eq!(script.written(), b"");
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_fails_the_connection_when_its_pong_is_overdue() {
    let (mut server, script) = server_with_keep_alive();
    let began = Instant::now();
    read_nothing_for(&mut server, INTERVAL + TIMEOUT - MOMENT).await;
    assert_eq!(server.state(), State::Open);
    let result = with_paused_timeout(server.next()).await;
    assert!(matches!(result, Some(Err(Error::Violation(Violation::PongOverdue)))), "{result:?}");
    // A dead peer does not answer the Close either. The deadline for that is five seconds later.
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT + Duration::from_secs(5));
    assert!(server.next().await.is_none());
    assert!(script.is_shut_down());
    let close_info = server.close_info();
    assert_eq!((close_info.code, close_info.violation), (CloseCode::ABNORMAL_CLOSURE, Some(Violation::PongOverdue)));
    let written = script.written();
    assert_eq!(written[..6], [0x89, 0x04, 0, 0, 0, 1]);
    assert_eq!(written[6], CLOSE);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_every_ping_stays_connected() {
    let (mut server, script) = server_with_keep_alive();
    let began = Instant::now();
    for number in 1..=20_u32 {
        let ping_leaves = began + INTERVAL * number;
        read_nothing_for(&mut server, ping_leaves + MOMENT - Instant::now()).await;
        assert_eq!(script.written().len(), number as usize * 6, "not one Ping per interval");
        assert!(script.written().ends_with(&server_frame(PING, number.to_be_bytes())));
        // The Pong arrives one millisecond before the deadline.
        read_nothing_for(&mut server, ping_leaves + TIMEOUT - MOMENT - Instant::now()).await;
        script.push_read(&client_frame(PONG, number.to_be_bytes()));
    }
    read_nothing_for(&mut server, TIMEOUT).await;
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn any_bytes_of_the_peer_are_a_sign_of_life() {
    let (mut server, script) = server_with_keep_alive();
    // The peer sends no Pong, but a piece of a large message shortly before each deadline.
    let large = client_frame(BINARY, vec![7; 1 << 10]);
    for piece in large.chunks(100) {
        script.push_read(piece);
        let event = timeout(TIMEOUT - MOMENT, server.next()).await;
        if let Ok(message) = event {
            assert_eq!(message.unwrap().unwrap(), Message::binary(vec![7; 1 << 10]));
        }
    }
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn an_unsolicited_pong_is_a_sign_of_life_and_an_event() {
    let (mut server, script) = server_with_keep_alive();
    read_nothing_for(&mut server, INTERVAL + MOMENT).await;
    script.push_read(&client_frame(PONG, "unasked"));
    let event = ready(server.next_event()).unwrap().unwrap();
    assert_eq!(event, Event::Pong("unasked".into()));
    read_nothing_for(&mut server, TIMEOUT).await;
    assert_eq!(server.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_keep_each_other_alive_for_a_day() {
    let (local, remote) = tokio::io::duplex(64);
    let (mut client, mut server) = (client_with(local, config()), server_with(remote, config()));
    let reading = async { tokio::join!(client.next(), server.next()) };
    timeout(Duration::from_secs(86_400), reading).await.expect_err("neither connection ends");
    assert_eq!((client.state(), server.state()), (State::Open, State::Open));
}

#[tokio::test(start_paused = true)]
async fn no_ping_is_sent_after_a_close() {
    let (mut server, script) = server_with_keep_alive();
    read_nothing_for(&mut server, INTERVAL - MOMENT).await;
    server.start_close(CloseCode::NORMAL, "").await.unwrap();
    let result = with_paused_timeout(server.next()).await;
    assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
    assert_eq!(script.written(), [0x88, 0x02, 0x03, 0xE8]);
}

#[tokio::test(start_paused = true)]
async fn sending_to_a_dead_peer_fails_at_the_deadline() {
    let (mut server, script) = server_with_keep_alive();
    script.block_writes();
    let began = Instant::now();
    let sent = with_paused_timeout(server.send(vec![0; 300 << 10])).await;
    let Err(Error::Io(error)) = sent else { panic!("the message was never written: {sent:?}") };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(script.written(), b"");
    assert!(began.elapsed() <= INTERVAL + TIMEOUT + Duration::from_secs(5));
}

/// A task that sends a large message to a slow peer reads nothing meanwhile. The Pong has arrived
/// all the same, and is only unread.
#[tokio::test(start_paused = true)]
async fn a_pong_that_is_unread_during_a_long_send_is_in_time() {
    let (mut server, script) = server_with_keep_alive();
    read_nothing_for(&mut server, INTERVAL + MOMENT).await;
    assert_eq!(script.written(), [0x89, 0x04, 0, 0, 0, 1]);
    script.push_read(&client_frame(PONG, [0, 0, 0, 1]));
    script.block_writes();
    let slow_peer = {
        let script = script.clone();
        async move {
            tokio::time::sleep(TIMEOUT * 2).await;
            script.unblock_writes();
        }
    };
    let (sent, ()) = with_paused_timeout(async { tokio::join!(server.send(vec![0; 300 << 10]), slow_peer) }).await;
    sent.unwrap();
    assert_eq!(server.state(), State::Open, "{:?}", server.close_info());
}

/// The Ping is queued after the message, so the peer cannot answer it before it has read the
/// message.
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_still_reading_a_large_message_is_alive() {
    let (server, script) = server_with_keep_alive();
    let (mut read_half, mut write_half) = server.into_split();
    script.block_writes();
    let slow_peer = {
        let script = script.clone();
        async move {
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                script.allow_writes(1 << 10);
            }
        }
    };
    let whole = async { tokio::join!(write_half.send(vec![0; 90 << 10]), slow_peer) };
    let (sent, ()) = with_paused_timeout(async {
        tokio::select! {
            result = read_half.next() => panic!("the peer took {} bytes and is alive: {result:?}", script.written().len()),
            whole = whole => whole,
        }
    })
    .await;
    sent.unwrap();
    assert_eq!(read_half.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_application_is_answered_by_the_peer() {
    let (mut client, mut server) = duplex_pair(64);
    with_paused_timeout(async {
        client.ping(b"are you there?").await.unwrap();
        client.send("message").await.unwrap();
        assert_eq!(server.next_event().await.unwrap().unwrap(), Event::Ping("are you there?".into()));
        assert_eq!(server.next_event().await.unwrap().unwrap(), Event::Message(Message::text("message")));
        let pong = tokio::select! {
            result = server.next() => panic!("{result:?}"),
            pong = client.next_event() => pong,
        };
        assert_eq!(pong.unwrap().unwrap(), Event::Pong("are you there?".into()));
    })
    .await;
}

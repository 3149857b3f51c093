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
    // A message may take any amount of time, so that only the keep-alive can end the connection.
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
    // A dead peer will not answer the Close either, so the server does not wait for an answer.
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT);
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
    // The peer sends no Pong. Instead, it sends a piece of a large message shortly before each
    // deadline.
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
    assert!(error.to_string().contains("time-out of the keep-alive"), "{error}");
    assert_eq!(script.written(), b"");
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn both_halves_learn_at_the_deadline_that_the_peer_is_dead() {
    let (server, script) = server_with_keep_alive();
    let (mut read_half, mut write_half) = server.into_split();
    script.block_writes();
    let began = Instant::now();
    let (read, sent) = with_paused_timeout(async {
        let read = async { (read_half.next().await, began.elapsed()) };
        let sent = async { (write_half.send(vec![0; 300 << 10]).await, began.elapsed()) };
        tokio::join!(read, sent)
    })
    .await;
    assert!(matches!(read.0, Some(Err(Error::Violation(Violation::PongOverdue)))), "{read:?}");
    assert!(matches!(sent.0, Err(Error::Io(_))), "{sent:?}");
    assert_eq!((read.1, sent.1), (INTERVAL + TIMEOUT, INTERVAL + TIMEOUT));
}

/// A TLS stream accepts bytes into an internal buffer, and its flush waits for the socket.
#[tokio::test(start_paused = true)]
async fn a_flush_to_a_dead_peer_fails_at_the_deadline() {
    let (mut server, script) = server_with_keep_alive();
    script.block_flushes();
    let began = Instant::now();
    let sent = with_paused_timeout(server.send("buffered by the stream")).await;
    assert!(matches!(sent, Err(Error::Io(_))), "{sent:?}");
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT);
}

/// The half-close of a TLS stream writes bytes, so it waits for the socket.
#[tokio::test(start_paused = true)]
async fn a_half_close_to_a_dead_peer_ends_at_the_deadline() {
    let (mut server, script) = server_with_keep_alive();
    script.block_shutdown();
    let began = Instant::now();
    let result = with_paused_timeout(server.next()).await;
    assert!(matches!(result, Some(Err(Error::Violation(Violation::PongOverdue)))), "{result:?}");
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT);
}

/// Both endpoints send more than the buffers hold, and neither reads while it sends.
#[tokio::test(start_paused = true)]
async fn two_endpoints_that_send_and_do_not_read_learn_why_they_were_stuck() {
    let (local, remote) = tokio::io::duplex(1 << 20);
    let (mut client, mut server) = (client_with(local, config()), server_with(remote, config()));
    let message = || Message::binary(vec![7; 8 << 20]);
    let (one, two) = with_paused_timeout(async { tokio::join!(client.send(message()), server.send(message())) }).await;
    let errors = [one, two].map(|sent| sent.expect_err("neither message can be written").to_string());
    assert!(errors.iter().any(|error| error.contains("into_split")), "{errors:?}");
}

/// A task that sends a large message to a slow peer reads nothing in the meantime. The Pong has
/// arrived in time, but has not been read yet.
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

/// The Ping is queued after the message, so the peer cannot answer it until it has read the
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

/// The Ping is in the kernel, behind bytes that the peer has not read yet.
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_still_reading_what_follows_the_ping_is_alive() {
    let (server, script) = server_with_keep_alive();
    let (mut read_half, mut write_half) = server.into_split();
    timeout(INTERVAL + MOMENT, read_half.next()).await.expect_err("nothing arrives");
    assert_eq!(script.written(), [0x89, 0x04, 0, 0, 0, 1]);
    script.block_writes();
    let slow_peer = {
        let script = script.clone();
        async move {
            for _ in 0..90 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                script.allow_writes(1 << 10);
            }
            script.push_read(&client_frame(PONG, [0, 0, 0, 1]));
            script.unblock_writes();
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

/// The kernel accepts bytes for a dead peer until the buffers are full.
#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_found_although_the_kernel_accepts_bytes_for_it() {
    let (server, script) = server_with_keep_alive();
    let (mut read_half, mut write_half) = server.into_split();
    let began = Instant::now();
    let pushes = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if write_half.send("a push").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let result = with_paused_timeout(async {
        tokio::select! {
            result = read_half.next() => result,
            () = pushes => unreachable!("it never ends"),
        }
    })
    .await;
    assert!(matches!(result, Some(Err(Error::Violation(Violation::PongOverdue)))), "{result:?}");
    assert_eq!(began.elapsed(), INTERVAL + TIMEOUT);
    drop(script);
}

/// The socket reports a reset only once. The next read would report an ordinary end of the stream.
#[tokio::test(start_paused = true)]
async fn a_read_error_that_the_sending_task_sees_is_reported_by_the_reading_task() {
    let (server, script) = server_with_keep_alive();
    let (mut read_half, mut write_half) = server.into_split();
    script.block_writes();
    let sent = {
        let script = script.clone();
        tokio::spawn(async move {
            let sent = write_half.send(vec![0; 300 << 10]);
            let reset = async {
                tokio::time::sleep(INTERVAL - MOMENT).await;
                script.fail_one_read(ErrorKind::ConnectionReset);
            };
            tokio::join!(sent, reset).0
        })
    };
    let sent = with_paused_timeout(sent).await.unwrap();
    assert!(matches!(sent, Err(Error::Io(_))), "{sent:?}");
    let result = with_paused_timeout(read_half.next()).await;
    assert!(matches!(&result, Some(Err(Error::Io(error))) if error.kind() == ErrorKind::ConnectionReset), "{result:?}");
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

//! The time-out for a message that has begun to arrive, tested through the driver. The clock is
//! paused.

use std::time::Duration;

use protocol::{Config, Message, MessageTimeout, Violation};
use testkit::{
    frames::{
        RawFrame, client_frame,
        first_byte::{BINARY, CLOSE, FIRST_OF_TEXT, LAST_CONTINUATION, TEXT},
        server_frame,
    },
    stream::{ScriptedStream, StreamScript, scripted_stream},
    tasks::{is_pending, with_paused_timeout},
};
use tokio::time::{Instant, sleep, timeout};
use websocket::{Error, WebSocket};

use crate::support::{client_with, server_with};

/// Runs `test` once with a server and once with a client, each on a scripted stream. Also passes it
/// the function that encodes the peer's frames.
async fn for_both<F>(
    config: Config,
    test: impl Fn(WebSocket<ScriptedStream>, StreamScript, fn(u8, &[u8]) -> Vec<u8>) -> F,
) where
    F: Future<Output = ()>,
{
    let (stream, script) = scripted_stream();
    test(server_with(stream, config.clone()), script, |first, payload| client_frame(first, payload)).await;
    let (stream, script) = scripted_stream();
    test(client_with(stream, config), script, |first, payload| server_frame(first, payload)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_trickles_in_ends_the_connection_with_1008() {
    for_both(Config::DEFAULT, async |mut connection, script, frame| {
        let began = Instant::now();
        let bytes = frame(BINARY, &[0; 100]);
        let trickle = async {
            for byte in bytes {
                script.push_read(&[byte]);
                sleep(Duration::from_secs(10)).await;
            }
        };
        let trickling = async {
            tokio::select! {
                () = trickle => {}
                () = sleep(Duration::from_secs(62)) => script.push_eof(),
            }
        };
        let (result, ()) = tokio::join!(connection.next(), trickling);
        let error = result.unwrap().unwrap_err();
        assert!(matches!(error, Error::Violation(Violation::MessageTooSlow { received: 0..=6, .. })), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(63), "{:?}", began.elapsed());
        let close = RawFrame::take_all(&script.written()).remove(0);
        assert_eq!((close.first, close.payload[..2].to_vec()), (CLOSE, vec![0x03, 0xF0]), "1008");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_poll_does_not_blame_the_peer() {
    for_both(Config::DEFAULT, async |mut connection, script, frame| {
        script.push_read(&frame(FIRST_OF_TEXT, b"he"));
        assert!(is_pending(connection.next()));
        // The rest of the message waits in the socket while the application does something else for
        // an hour.
        script.push_read(&frame(LAST_CONTINUATION, b"llo"));
        sleep(Duration::from_secs(3600)).await;
        let message = with_paused_timeout(connection.next()).await.unwrap().unwrap();
        assert_eq!(message, Message::text("hello"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_whose_bytes_arrived_late_by_our_fault_gets_the_whole_time_again() {
    for_both(Config::DEFAULT, async |mut connection, script, frame| {
        script.push_read(&frame(FIRST_OF_TEXT, b"he"));
        assert!(is_pending(connection.next()));
        sleep(Duration::from_secs(3600)).await;
        assert!(timeout(Duration::from_secs(59), connection.next()).await.is_err());
        script.push_read(&frame(LAST_CONTINUATION, b"llo"));
        let message = with_paused_timeout(connection.next()).await.unwrap().unwrap();
        assert_eq!(message, Message::text("hello"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_at_the_socket_is_read_before_a_blocked_writer_blames_the_peer() {
    for_both(Config::DEFAULT, async |mut connection, script, frame| {
        script.push_read(&frame(FIRST_OF_TEXT, b"he"));
        assert!(is_pending(connection.next()));
        script.block_writes();
        connection.feed("a message that the peer does not read").await.unwrap();
        script.push_read(&frame(LAST_CONTINUATION, b"llo"));
        // A connection that is not split does not read while it waits to write.
        assert!(timeout(Duration::from_secs(100), connection.flush()).await.is_err());
        script.unblock_writes();
        let message = with_paused_timeout(connection.next()).await.unwrap().unwrap();
        assert_eq!(message, Message::text("hello"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_option_sets_another_time_or_none() {
    let timeout_of = |base| Config::DEFAULT.message_timeout(Some(MessageTimeout { base, per_kib: Duration::ZERO }));
    for_both(timeout_of(Duration::from_millis(300)), async |mut connection, script, frame| {
        script.push_read(&frame(TEXT, b"hello")[..3]);
        let began = Instant::now();
        let end = async {
            sleep(Duration::from_millis(301)).await;
            script.push_eof();
        };
        let (result, ()) = tokio::join!(connection.next(), end);
        assert!(matches!(result, Some(Err(Error::Violation(Violation::MessageTooSlow { .. })))), "{result:?}");
        assert_eq!(began.elapsed(), Duration::from_millis(301));
    })
    .await;
    for_both(Config::DEFAULT.message_timeout(None), async |mut connection, script, frame| {
        script.push_read(&frame(TEXT, b"hello")[..3]);
        assert!(timeout(Duration::from_secs(3600), connection.next()).await.is_err());
    })
    .await;
}

//! Two halves in two tasks: neither keeps the other from being woken, and what the protocol does by itself goes on.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use protocol::{CloseCode, Endpoint, Message, State, UsageError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use websocket::Error;

use crate::common::{
    Alarm, BINARY, CLOSE, PING, PONG, TEXT, duplex_pair, from_client, from_server, guarded, guarded_with_stopped_clock,
    let_others_run, poll_with, read_frame, scripted, server, tcp_pair,
};

// ---- Wakers -----------------------------------------------------------------------------------------------------------

/// A socket remembers the last task that waited for it. Here both do.
#[test]
fn both_halves_wait_for_room_and_both_are_woken() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.block();
    let (writers_alarm, writers_waker) = Alarm::new();
    let (readers_alarm, readers_waker) = Alarm::new();
    let mut send = Box::pin(writer.send("from the writer"));
    let mut next = Box::pin(reader.next());
    assert!(poll_with(send.as_mut(), &writers_waker).is_pending());
    wire.give(&from_client(PING, "p"));
    assert!(poll_with(next.as_mut(), &readers_waker).is_pending(), "it wants to write a Pong");
    let _ = [writers_alarm.rang(), readers_alarm.rang()];

    wire.unblock();
    assert!(writers_alarm.rang() > 0, "the writer was forgotten");
    assert!(readers_alarm.rang() > 0, "the reader was forgotten");
    assert!(poll_with(send.as_mut(), &writers_waker).is_ready());
    assert_eq!(wire.written(), [from_server(TEXT, "from the writer"), from_server(PONG, "p")].concat());
}

/// The other way round: the writer comes last.
#[test]
fn a_reader_that_waits_for_room_is_woken_although_the_writer_came_after_it() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.block();
    wire.give(&from_client(CLOSE, b"\x03\xE8"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let (readers_alarm, readers_waker) = Alarm::new();
    let mut next = Box::pin(reader.next());
    assert!(poll_with(next.as_mut(), &readers_waker).is_pending(), "it wants to answer the Close");
    let (_, writers_waker) = Alarm::new();
    let mut flush = Box::pin(writer.flush());
    assert!(poll_with(flush.as_mut(), &writers_waker).is_pending());
    readers_alarm.rang();
    wire.unblock();
    assert!(readers_alarm.rang() > 0, "the reader was forgotten");
}

/// Room that comes between the two looks that the reader takes at the socket wakes the reader alone. The reader then
/// writes everything, what the writer waits for too, and has to tell it.
#[test]
fn a_writer_whose_bytes_the_reader_wrote_is_woken() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.block();
    let (alarm, waker) = Alarm::new();
    let mut send = Box::pin(writer.send("from the writer"));
    assert!(poll_with(send.as_mut(), &waker).is_pending());
    alarm.rang();
    wire.block_one_poll();
    let (_, readers_waker) = Alarm::new();
    let mut next = Box::pin(reader.next());
    assert!(poll_with(next.as_mut(), &readers_waker).is_pending());
    assert_eq!(wire.written(), from_server(TEXT, "from the writer"));
    assert!(alarm.rang() > 0, "the writer's message is out, and it sleeps on");
    assert!(poll_with(send.as_mut(), &waker).is_ready());
}

/// A poll that wakes its own task although nothing has happened keeps a processor busy.
#[tokio::test(start_paused = true)]
async fn closing_with_a_full_socket_does_not_wake_the_reader_again_and_again() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.block();
    let (alarm, waker) = Alarm::new();
    let mut next = Box::pin(reader.next());
    let mut close = Box::pin(SinkExt::close(&mut writer));
    // One task polls both, as `join!` does.
    for _ in 0..3 {
        assert!(poll_with(next.as_mut(), &waker).is_pending());
        assert!(poll_with(close.as_mut(), &waker).is_pending());
    }
    alarm.rang();
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert!(poll_with(close.as_mut(), &waker).is_pending());
    assert_eq!(alarm.rang(), 0, "nothing has changed");
}

#[tokio::test(start_paused = true)]
async fn closing_from_the_writer_sets_the_deadline_of_a_reader_that_waits() {
    let (mut client, mut server) = {
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        (crate::common::client(ours).split(), theirs)
    };
    let began = Instant::now();
    let reading = tokio::spawn(async move {
        let end = client.0.next().await;
        (client.0, end)
    });
    let_others_run().await;
    client.1.close(CloseCode::GOING_AWAY, "").await.unwrap();
    let (reader, end) = guarded_with_stopped_clock(reading).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(matches!(end, Some(Err(Error::EndedWithoutClose))), "{end:?}");
    assert!(reader.close_info().timed_out);
    assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE9".to_vec()));
}

/// The peer takes nothing and says something wrong. The reader ends the connection, and the writer must not wait on.
#[tokio::test(start_paused = true)]
async fn a_writer_that_waits_for_room_is_told_when_the_reader_gives_the_peer_up() {
    let (ours, mut theirs) = tokio::io::duplex(16);
    let (mut reader, mut writer) = server(ours).split();
    let writing = tokio::spawn(async move { writer.send(vec![0; 300 << 10]).await });
    let_others_run().await;
    let began = Instant::now();
    theirs.write_all(&from_server(TEXT, "unmasked")).await.unwrap();
    let end = guarded_with_stopped_clock(reader.next()).await;
    assert!(matches!(end, Some(Err(Error::Violation(_)))), "{end:?}");
    let sent = guarded_with_stopped_clock(writing).await.unwrap();
    assert!(sent.is_err(), "300 KiB did not go through 16 bytes");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

// ---- Both directions at once ------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_reader_reads_on_while_the_writer_is_blocked() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let (mut reader, mut writer) = server(ours).split();
    let writing = tokio::spawn(async move { writer.send(vec![7; 300 << 10]).await });
    guarded_with_stopped_clock(async {
        // The peer reads nothing, and talks.
        for number in 0..100 {
            let text = format!("message {number}");
            let frame = from_client(TEXT, &text);
            let (sent, message) = tokio::join!(theirs.write_all(&frame), reader.next());
            sent.unwrap();
            assert_eq!(message.unwrap().unwrap(), Message::text(text));
        }
        theirs.write_all(&from_client(PING, "still there?")).await.unwrap();
        // Then it reads.
        let reading = tokio::spawn(async move { reader.next().await });
        assert_eq!(read_frame(&mut theirs).await, (BINARY, vec![7; 300 << 10]));
        assert_eq!(read_frame(&mut theirs).await, (PONG, b"still there?".to_vec()));
        writing.await.unwrap().unwrap();
        theirs.write_all(&from_client(TEXT, "thanks")).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap(), Message::text("thanks"));
    })
    .await;
}

/// Both send at once more than fits, both read. With one task for each connection this would be a deadlock.
#[tokio::test(start_paused = true)]
async fn two_ends_that_both_send_much_at_once_get_everything() {
    const MESSAGES: usize = 200;
    let (client, server) = duplex_pair(100);
    let mut tasks = Vec::new();
    for websocket in [client, server] {
        let (mut reader, mut writer) = websocket.split();
        tasks.push(tokio::spawn(async move {
            for number in 0..MESSAGES {
                writer.send(vec![7; number * 10]).await.unwrap();
            }
            // Kept until the end: a connection lives as long as one of its halves.
            writer.close(CloseCode::NORMAL, "").await.unwrap();
        }));
        tasks.push(tokio::spawn(async move {
            let mut count = 0;
            while let Some(message) = reader.next().await {
                assert_eq!(message.unwrap().as_bytes().len(), count * 10);
                count += 1;
            }
            assert_eq!(count, MESSAGES);
            assert!(reader.close_info().was_clean, "{:?}", reader.close_info());
        }));
    }
    for task in tasks {
        guarded_with_stopped_clock(task).await.unwrap();
    }
}

#[tokio::test]
async fn two_ends_that_both_send_much_at_once_over_tcp_get_everything() {
    const MESSAGES: usize = 20;
    let (client, server) = guarded(tcp_pair()).await;
    // `split` of futures this time, which holds the two halves together in another way.
    let (mut client_out, mut client_in) = StreamExt::split(client);
    let (mut server_out, mut server_in) = StreamExt::split(server);
    let message = Message::binary(vec![7; 100_000]);
    let expected = message.clone();
    let sending = tokio::spawn({
        let message = message.clone();
        async move {
            for _ in 0..MESSAGES {
                client_out.send(message.clone()).await.unwrap();
            }
            client_out
        }
    });
    let also_sending = tokio::spawn(async move {
        for _ in 0..MESSAGES {
            server_out.send(message.clone()).await.unwrap();
        }
        server_out
    });
    let reading = tokio::spawn({
        let expected = expected.clone();
        async move {
            for _ in 0..MESSAGES {
                assert!(client_in.next().await.unwrap().unwrap() == expected);
            }
            client_in
        }
    });
    guarded(async {
        for _ in 0..MESSAGES {
            assert!(server_in.next().await.unwrap().unwrap() == expected);
        }
        let client_in = reading.await.unwrap();
        sending.await.unwrap().reunite(client_in).unwrap();
        also_sending.await.unwrap().reunite(server_in).unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn both_halves_of_futures_wait_for_a_full_socket_and_go_on() {
    let (ours, mut theirs) = tokio::io::duplex(16);
    let (mut sink, mut source) = StreamExt::split(server(ours));
    let sending = tokio::spawn(async move { sink.send(Message::binary(vec![7; 1000])).await });
    let_others_run().await;
    theirs.write_all(&from_client(PING, "ping")).await.unwrap();
    let reading = tokio::spawn(async move { source.next().await });
    let_others_run().await;
    guarded_with_stopped_clock(async {
        assert_eq!(read_frame(&mut theirs).await, (BINARY, vec![7; 1000]));
        assert_eq!(read_frame(&mut theirs).await, (PONG, b"ping".to_vec()));
        sending.await.unwrap().unwrap();
        theirs.write_all(&from_client(TEXT, "end")).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap(), Message::text("end"));
    })
    .await;
}

// ---- The rest ---------------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_reader_answers_pings_and_a_close_while_the_writer_does_nothing() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.give(&[from_client(PING, "p"), from_client(CLOSE, b"\x03\xE8")].concat());
    wire.end();
    assert!(guarded_with_stopped_clock(reader.next()).await.is_none());
    assert_eq!(wire.written(), [from_server(PONG, "p"), from_server(CLOSE, b"\x03\xE8")].concat());
    assert_eq!(reader.state(), State::Closed);
    assert_eq!(reader.close_info().initiator, Some(Endpoint::Remote));
    assert!(matches!(writer.send("x").await, Err(Error::Usage(UsageError::AfterClose))));
    writer.close(CloseCode::NORMAL, "").await.expect("it is closed already");
}

#[test]
fn halves_that_belong_together_can_be_put_together_in_the_middle_of_a_message() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    let hello = from_client(TEXT, "Hello");
    wire.give(&hello[..7]);
    assert!(reader.next().now_or_never().is_none());
    wire.block();
    assert!(writer.send("queued").now_or_never().is_none());
    assert_eq!(writer.queued_bytes(), 8);
    let mut whole = reader.reunite(writer).expect("they belong together");
    wire.unblock();
    wire.give(&hello[7..]);
    assert_eq!(whole.next().now_or_never().expect("it has arrived").unwrap().unwrap(), Message::text("Hello"));
    whole.flush().now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(TEXT, "queued"));
}

#[test]
fn halves_of_two_connections_are_given_back() {
    let (one, _one) = scripted();
    let (two, wire_of_two) = scripted();
    let (reader_of_one, _writer_of_one) = server(one).split();
    let (_reader_of_two, writer_of_two) = server(two).split();
    let (_, mut writer) = reader_of_one.reunite(writer_of_two).expect_err("they do not belong together");
    writer.send("still works").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire_of_two.written(), from_server(TEXT, "still works"));
}

#[tokio::test]
async fn the_socket_lives_as_long_as_one_half() {
    guarded(async {
        let (server, mut client) = crate::common::server_and_raw_client().await;
        let (reader, mut writer) = server.split();
        drop(reader);
        writer.send("alone").await.unwrap();
        assert_eq!(read_frame(&mut client).await, (TEXT, b"alone".to_vec()));
        drop(writer);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}

#[test]
fn halves_can_go_to_other_threads() {
    fn is_send<T: Send + 'static>(_: &T) {}
    let (stream, _wire) = scripted();
    let (reader, writer) = server(stream).split();
    is_send(&reader);
    is_send(&writer);
}

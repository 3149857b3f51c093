//! A read half and a write half in two tasks: each half is woken when it can continue, and the
//! connection still answers Pings and Closes by itself.

use std::{io::ErrorKind, time::Duration};

use futures_util::{SinkExt, StreamExt};
use protocol::{CloseCode, Config, Endpoint, KeepAlive, Message, MessageKind, State, UsageError};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, FIRST_OF_TEXT, LAST_CONTINUATION, PING, PONG, TEXT},
        server_frame,
    },
    raw_peer::read_frame,
    stream::scripted_stream,
    tasks::{CountingWaker, is_pending, poll_with, ready, with_paused_timeout, with_timeout, yield_to_other_tasks},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use websocket::Error;

use crate::support::{client, client_with, duplex_pair, server, server_and_raw_client, tcp_pair};

// ---- Wakers -------------------------------------------------------------------------------------

/// A socket stores only the waker of the last task that waited for it. Here, both halves wait for
/// it.
#[test]
fn both_halves_are_woken_when_the_socket_is_writable_again() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    let (write_wakes, write_waker) = CountingWaker::new();
    let (read_wakes, read_waker) = CountingWaker::new();
    let mut send = Box::pin(write_half.send("from the write half"));
    let mut next = Box::pin(read_half.next());
    assert!(poll_with(send.as_mut(), &write_waker).is_pending());
    script.push_read(&client_frame(PING, "p"));
    assert!(poll_with(next.as_mut(), &read_waker).is_pending(), "it has to write a Pong");
    let _ = [write_wakes.take_count(), read_wakes.take_count()];

    script.unblock_writes();
    assert!(write_wakes.take_count() > 0, "the write half was not woken");
    assert!(read_wakes.take_count() > 0, "the read half was not woken");
    assert!(poll_with(send.as_mut(), &write_waker).is_ready());
    assert_eq!(script.written(), [server_frame(TEXT, "from the write half"), server_frame(PONG, "p")].concat());
}

/// The same test in the other order: the write half is the last to wait.
#[tokio::test]
async fn a_waiting_read_half_is_woken_even_if_the_write_half_waited_after_it() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    let (read_wakes, read_waker) = CountingWaker::new();
    let mut next = Box::pin(read_half.next());
    assert!(poll_with(next.as_mut(), &read_waker).is_pending(), "it wants to answer the Close");
    let (_, write_waker) = CountingWaker::new();
    let mut flush = Box::pin(write_half.flush());
    assert!(poll_with(flush.as_mut(), &write_waker).is_pending());
    read_wakes.take_count();
    script.unblock_writes();
    assert!(read_wakes.take_count() > 0, "the read half was not woken");
}

/// The read half polls the socket twice. If the socket becomes writable between the two polls, the
/// socket wakes only the read half. The read half then writes everything, including the write
/// half's message, and must wake the write half.
#[test]
fn a_write_half_is_woken_when_the_read_half_has_written_its_bytes() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    let (wakes, waker) = CountingWaker::new();
    let mut send = Box::pin(write_half.send("from the write half"));
    assert!(poll_with(send.as_mut(), &waker).is_pending());
    wakes.take_count();
    script.block_one_write();
    let (_, read_waker) = CountingWaker::new();
    let mut next = Box::pin(read_half.next());
    assert!(poll_with(next.as_mut(), &read_waker).is_pending());
    assert_eq!(script.written(), server_frame(TEXT, "from the write half"));
    assert!(wakes.take_count() > 0, "the write half was not woken after its message was written");
    assert!(poll_with(send.as_mut(), &waker).is_ready());
}

/// If a poll wakes its own task without making progress, it keeps a processor busy.
#[tokio::test(start_paused = true)]
async fn closing_with_a_full_socket_does_not_wake_the_read_half_repeatedly() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    let (wakes, waker) = CountingWaker::new();
    let mut next = Box::pin(read_half.next());
    let mut close = Box::pin(SinkExt::close(&mut write_half));
    // One task polls both halves, as `join!` does.
    for _ in 0..3 {
        assert!(poll_with(next.as_mut(), &waker).is_pending());
        assert!(poll_with(close.as_mut(), &waker).is_pending());
    }
    wakes.take_count();
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert!(poll_with(close.as_mut(), &waker).is_pending());
    assert_eq!(wakes.take_count(), 0, "nothing has changed");
}

#[tokio::test(start_paused = true)]
async fn a_close_by_the_write_half_sets_the_deadline_of_a_waiting_read_half() {
    let (mut client, mut server) = {
        let (local, remote) = tokio::io::duplex(1 << 10);
        (client(local).into_split(), remote)
    };
    let began = Instant::now();
    let reading = tokio::spawn(async move {
        let result = client.0.next().await;
        (client.0, result)
    });
    yield_to_other_tasks().await;
    client.1.start_close(CloseCode::GOING_AWAY, "").await.unwrap();
    let (read_half, result) = with_paused_timeout(reading).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
    assert!(read_half.close_info().timed_out);
    assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE9".to_vec()));
}

/// The read half is already waiting for the timer of the next Ping, which expires later than the
/// new deadline.
#[tokio::test(start_paused = true)]
async fn a_close_by_the_write_half_moves_the_deadline_of_a_waiting_read_half() {
    let (local, _remote) = tokio::io::duplex(1 << 10);
    let keep_alive = KeepAlive { interval: Duration::from_secs(60), timeout: Duration::from_secs(60) };
    let (mut read_half, mut write_half) = client_with(local, Config::DEFAULT.keep_alive(keep_alive)).into_split();
    let began = Instant::now();
    let reading = tokio::spawn(async move { read_half.next().await });
    yield_to_other_tasks().await;
    write_half.start_close(CloseCode::GOING_AWAY, "").await.unwrap();
    let result = with_paused_timeout(reading).await.unwrap();
    assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
    assert_eq!(began.elapsed(), Config::DEFAULT.close_timeout);
}

/// The half-close of a TLS stream must wait while the socket is full, and `flush` returns only
/// after everything has been sent.
#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_half_close_that_has_to_wait() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_shutdown();
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    assert!(is_pending(read_half.next()));
    assert_eq!(script.written(), server_frame(CLOSE, b"\x03\xE8"));
    assert!(is_pending(write_half.flush()));
}

/// The peer reads nothing and breaks a rule. The read half ends the connection, so the write half
/// must not wait any longer.
#[tokio::test(start_paused = true)]
async fn a_waiting_write_half_fails_when_the_read_half_disconnects() {
    let (local, mut remote) = tokio::io::duplex(16);
    let (mut read_half, mut write_half) = server(local).into_split();
    let writing = tokio::spawn(async move { write_half.send(vec![0; 300 << 10]).await });
    yield_to_other_tasks().await;
    let began = Instant::now();
    remote.write_all(&server_frame(TEXT, "unmasked")).await.unwrap();
    let result = with_paused_timeout(read_half.next()).await;
    assert!(matches!(result, Some(Err(Error::Violation(_)))), "{result:?}");
    let sent = with_paused_timeout(writing).await.unwrap();
    let Err(Error::Io(error)) = sent else { panic!("300 KiB do not fit into 16 bytes: {sent:?}") };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(error.to_string(), "the peer broke a rule before everything was written");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

// ---- Both directions at once --------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_read_half_reads_while_the_write_half_is_blocked() {
    let (local, mut remote) = tokio::io::duplex(64);
    let (mut read_half, mut write_half) = server(local).into_split();
    let writing = tokio::spawn(async move { write_half.send(vec![7; 300 << 10]).await });
    with_paused_timeout(async {
        // The peer sends messages but reads nothing.
        for number in 0..100 {
            let text = format!("message {number}");
            let frame = client_frame(TEXT, &text);
            let (sent, message) = tokio::join!(remote.write_all(&frame), read_half.next());
            sent.unwrap();
            assert_eq!(message.unwrap().unwrap(), Message::text(text));
        }
        remote.write_all(&client_frame(PING, "still there?")).await.unwrap();
        // Then it reads.
        let reading = tokio::spawn(async move { read_half.next().await });
        assert_eq!(read_frame(&mut remote).await, (BINARY, vec![7; 300 << 10]));
        assert_eq!(read_frame(&mut remote).await, (PONG, b"still there?".to_vec()));
        writing.await.unwrap().unwrap();
        remote.write_all(&client_frame(TEXT, "thanks")).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap(), Message::text("thanks"));
    })
    .await;
}

/// Both endpoints send more than fits into the buffers, while both also read. With only one task
/// for each connection, this would be a deadlock.
#[tokio::test(start_paused = true)]
async fn two_endpoints_that_send_at_the_same_time_receive_everything() {
    const MESSAGES: usize = 200;
    let (client, server) = duplex_pair(100);
    let mut tasks = Vec::new();
    for websocket in [client, server] {
        let (mut read_half, mut write_half) = websocket.into_split();
        tasks.push(tokio::spawn(async move {
            for number in 0..MESSAGES {
                write_half.send(vec![7; number * 10]).await.unwrap();
            }
            // The connection stays open as long as either half exists, and `read_half` is kept
            // until the end.
            write_half.start_close(CloseCode::NORMAL, "").await.unwrap();
        }));
        tasks.push(tokio::spawn(async move {
            let mut count = 0;
            while let Some(message) = read_half.next().await {
                assert_eq!(message.unwrap().as_bytes().len(), count * 10);
                count += 1;
            }
            assert_eq!(count, MESSAGES);
            assert!(read_half.close_info().was_clean, "{:?}", read_half.close_info());
        }));
    }
    for task in tasks {
        with_paused_timeout(task).await.unwrap();
    }
}

#[tokio::test]
async fn two_endpoints_that_send_at_the_same_time_over_tcp_receive_everything() {
    const MESSAGES: usize = 20;
    let (client, server) = with_timeout(tcp_pair()).await;
    // This is the split from `futures`, in which the halves share the connection through a lock.
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
    with_timeout(async {
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
async fn both_halves_of_a_futures_split_wait_for_a_full_socket_and_continue() {
    let (local, mut remote) = tokio::io::duplex(16);
    let (mut sink, mut source) = StreamExt::split(server(local));
    let sending = tokio::spawn(async move { sink.send(Message::binary(vec![7; 1000])).await });
    yield_to_other_tasks().await;
    remote.write_all(&client_frame(PING, "ping")).await.unwrap();
    let reading = tokio::spawn(async move { source.next().await });
    yield_to_other_tasks().await;
    with_paused_timeout(async {
        assert_eq!(read_frame(&mut remote).await, (BINARY, vec![7; 1000]));
        assert_eq!(read_frame(&mut remote).await, (PONG, b"ping".to_vec()));
        sending.await.unwrap().unwrap();
        remote.write_all(&client_frame(TEXT, "end")).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap(), Message::text("end"));
    })
    .await;
}

// ---- Halves and the whole -----------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_read_half_answers_pings_and_a_close_while_the_write_half_is_idle() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.push_read(&[client_frame(PING, "p"), client_frame(CLOSE, b"\x03\xE8")].concat());
    script.push_eof();
    assert!(with_paused_timeout(read_half.next()).await.is_none());
    assert_eq!(script.written(), [server_frame(PONG, "p"), server_frame(CLOSE, b"\x03\xE8")].concat());
    assert_eq!(read_half.state(), State::Closed);
    assert_eq!(read_half.close_info().initiator, Some(Endpoint::Remote));
    assert!(matches!(write_half.send("x").await, Err(Error::Usage(UsageError::AfterClose))));
    write_half.start_close(CloseCode::NORMAL, "").await.expect("it is closed already");
}

#[test]
fn the_write_half_can_send_fragments_and_pongs() {
    let (stream, script) = scripted_stream();
    let (_read_half, mut write_half) = client(stream).into_split();
    ready(write_half.send_fragment(MessageKind::Text, b"one ", false)).unwrap();
    ready(write_half.ping(b"?")).unwrap();
    ready(write_half.pong(b"!")).unwrap();
    let rejected = ready(write_half.send_fragment(MessageKind::Binary, b"x", true));
    assert!(matches!(rejected, Err(Error::Usage(UsageError::MessageOpen))), "{rejected:?}");
    ready(write_half.send_fragment(MessageKind::Text, b"two", true)).unwrap();
    ready(write_half.send_fragment(MessageKind::Binary, b"x", true)).unwrap();
    let frames = [(FIRST_OF_TEXT, "one "), (PING, "?"), (PONG, "!"), (LAST_CONTINUATION, "two"), (BINARY, "x")];
    let expected: Vec<u8> = frames.iter().flat_map(|(first, payload)| client_frame(*first, payload)).collect();
    assert_eq!(script.written(), expected);
    assert_eq!(write_half.state(), State::Open);
}

#[test]
fn halves_can_be_reunited_in_the_middle_of_a_message() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    let hello = client_frame(TEXT, "Hello");
    script.push_read(&hello[..7]);
    assert!(is_pending(read_half.next()));
    script.block_writes();
    assert!(is_pending(write_half.send("queued")));
    assert_eq!(write_half.queued_bytes(), 8);
    let mut whole = read_half.reunite(write_half).expect("they belong together");
    script.unblock_writes();
    script.push_read(&hello[7..]);
    assert_eq!(ready(whole.next()).unwrap().unwrap(), Message::text("Hello"));
    ready(whole.flush()).unwrap();
    assert_eq!(script.written(), server_frame(TEXT, "queued"));
}

#[test]
fn reunite_returns_halves_of_two_connections() {
    let (one, _first_script) = scripted_stream();
    let (two, second_script) = scripted_stream();
    let (first_read_half, _first_write_half) = server(one).into_split();
    let (_second_read_half, second_write_half) = server(two).into_split();
    let (_, mut write_half) = first_read_half.reunite(second_write_half).expect_err("halves of two connections");
    ready(write_half.send("still works")).unwrap();
    assert_eq!(second_script.written(), server_frame(TEXT, "still works"));
}

#[tokio::test]
async fn the_socket_stays_open_as_long_as_one_half() {
    with_timeout(async {
        let (server, mut client) = server_and_raw_client().await;
        let (read_half, mut write_half) = server.into_split();
        drop(read_half);
        write_half.send("alone").await.unwrap();
        assert_eq!(read_frame(&mut client).await, (TEXT, b"alone".to_vec()));
        drop(write_half);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}

#[test]
fn halves_can_be_sent_to_other_threads() {
    fn is_send<T: Send + 'static>(_: &T) {}
    let (stream, _script) = scripted_stream();
    let (read_half, write_half) = server(stream).into_split();
    is_send(&read_half);
    is_send(&write_half);
}

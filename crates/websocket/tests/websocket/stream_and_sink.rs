//! A connection is a `Stream` and a `Sink`, and works with the adapters of `futures`.

use std::pin::Pin;

use futures_util::{
    Sink, SinkExt, Stream, StreamExt, TryStreamExt, future,
    stream::{self, FusedStream},
};
use protocol::{CloseCode, Message, State, UsageError};
use testkit::{
    frames::{
        client_frame,
        first_byte::{CLOSE, TEXT},
        server_frame,
    },
    stream::scripted_stream,
    tasks::{is_pending, ready, with_paused_timeout},
};
use tokio::io::DuplexStream;
use websocket::{Error, WebSocket};

use crate::support::{client, duplex_pair, server};

/// Sends all messages back until the peer closes.
async fn echo_with_forward(server: WebSocket<DuplexStream>) -> Result<(), Error> {
    let (sink, source) = StreamExt::split(server);
    source.forward(sink).await
}

#[tokio::test(start_paused = true)]
async fn forward_echoes_until_the_peer_closes() {
    let (mut client, server) = duplex_pair(256);
    let echo = tokio::spawn(echo_with_forward(server));
    with_paused_timeout(async {
        for number in 0..100 {
            let text = format!("message {number}");
            client.send(text.as_str()).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text(text));
        }
        let close_info = client.close(CloseCode::NORMAL, "").await.unwrap();
        assert!(close_info.was_clean);
        echo.await.unwrap().expect("neither a Close nor closing a second time is an error");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn send_all_sends_all_in_order() {
    let (mut client, mut server) = duplex_pair(64);
    let mut messages = stream::iter((0..500).map(|number| Ok(Message::text(number.to_string()))));
    let sending = async {
        client.send_all(&mut messages).await.unwrap();
        SinkExt::close(&mut client).await.unwrap();
        client.next().await
    };
    let receiving = StreamExt::by_ref(&mut server).try_collect::<Vec<Message>>();
    let (result, received) = with_paused_timeout(async { tokio::join!(sending, receiving) }).await;
    assert!(result.is_none(), "{result:?}");
    let received = received.unwrap();
    assert_eq!(received.len(), 500);
    for (number, message) in received.iter().enumerate() {
        assert_eq!(message.as_text(), Some(number.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn adapters_of_streams_and_sinks_can_be_used() {
    let (client, server) = duplex_pair(256);
    // The client sends and receives numbers.
    let (sink, source) = StreamExt::split(client);
    let mut numbers_out = sink.with(|number: u32| future::ok::<_, Error>(Message::text(number.to_string())));
    let numbers_in = source.map_ok(|message| message.as_text().unwrap().parse::<u32>().unwrap());
    // The server doubles the even numbers and drops the odd ones.
    let (sink, source) = StreamExt::split(server);
    let doubled = source.try_filter_map(|message| {
        let number: u32 = message.as_text().unwrap().parse().unwrap();
        future::ok(number.is_multiple_of(2).then(|| Message::text((number * 2).to_string())))
    });
    let serving = tokio::spawn(doubled.forward(sink));
    with_paused_timeout(async {
        for number in 0..10 {
            numbers_out.send(number).await.unwrap();
        }
        let received: Vec<u32> = numbers_in.take(5).try_collect().await.unwrap();
        assert_eq!(received, [0, 4, 8, 12, 16]);
        drop(numbers_out);
        // No Close was sent.
        let ended = serving.await.unwrap();
        assert!(matches!(ended, Err(Error::EndedWithoutClose)), "{ended:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn many_connections_can_be_read_as_one_stream() {
    let (mut clients, servers): (Vec<_>, Vec<_>) = (0..10).map(|_| duplex_pair(256)).unzip();
    let mut all = stream::select_all(servers);
    with_paused_timeout(async {
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(number.to_string()).await.unwrap();
        }
        let mut received: Vec<_> =
            all.by_ref().take(10).map_ok(|message| message.as_text().unwrap().to_owned()).try_collect().await.unwrap();
        received.sort_unstable();
        assert_eq!(received, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let closing = future::join_all(clients.iter_mut().map(|client| client.close(CloseCode::NORMAL, "")));
        let (close_infos, result) = tokio::join!(closing, all.next());
        assert!(close_infos.into_iter().all(|close_info| close_info.unwrap().was_clean));
        assert!(result.is_none(), "all connections are closed: {result:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_stays_ended() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    script.push_eof();
    for _ in 0..3 {
        assert!(ready(StreamExt::next(&mut server)).is_none());
    }
    let mut fused = server.fuse();
    assert!(ready(fused.next()).is_none());
    assert!(fused.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn a_closing_sink_accepts_no_message() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    SinkExt::close(&mut client).await.unwrap();
    let sent = SinkExt::send(&mut client, Message::text("late")).await;
    assert!(matches!(sent, Err(Error::Usage(UsageError::AfterClose))), "{sent:?}");
    assert_eq!(script.written(), client_frame(CLOSE, b"\x03\xE8"));
    assert_eq!(client.state(), State::Closing);
}

#[test]
fn the_halves_are_a_stream_and_a_sink_too() {
    let (stream, script) = scripted_stream();
    let (read_half, write_half) = server(stream).into_split();
    let mut read_half: Pin<Box<dyn Stream<Item = Result<Message, Error>> + Send>> = Box::pin(read_half);
    let mut write_half: Pin<Box<dyn Sink<Message, Error = Error> + Send>> = Box::pin(write_half);
    script.push_read(&client_frame(TEXT, "in"));
    let message = ready(read_half.next()).unwrap().unwrap();
    assert_eq!(message, Message::text("in"));
    ready(write_half.send(Message::text("out"))).unwrap();
    ready(write_half.close()).unwrap();
    assert_eq!(script.written(), [server_frame(TEXT, "out"), server_frame(CLOSE, b"\x03\xE8")].concat());
}

#[test]
fn the_sink_applies_backpressure_when_the_peer_does_not_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let mut endless = stream::repeat_with(|| Ok(Message::binary(vec![7; 10_000])));
    assert!(is_pending(server.send_all(&mut endless)), "it waits");
    assert!(server.queued_bytes() < 400_000, "{} bytes are queued", server.queued_bytes());
}

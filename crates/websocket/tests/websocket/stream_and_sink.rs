//! A connection is a `Stream` and a `Sink`, and works with what `futures` builds on them.

use std::pin::Pin;

use futures_util::{
    FutureExt, Sink, SinkExt, Stream, StreamExt, TryStreamExt, future,
    stream::{self, FusedStream},
};
use protocol::{CloseCode, Message, State, UsageError};
use tokio::io::DuplexStream;
use websocket::{Error, WebSocket};

use crate::common::{
    CLOSE, TEXT, client, duplex_pair, from_client, from_server, guarded_with_stopped_clock, scripted, server,
};

/// Echoes until the other side closes.
async fn echo_with_forward(server: WebSocket<DuplexStream>) -> Result<(), Error> {
    let (sink, source) = StreamExt::split(server);
    source.forward(sink).await
}

#[tokio::test(start_paused = true)]
async fn forward_echoes_until_the_other_side_closes() {
    let (mut client, server) = duplex_pair(256);
    let echo = tokio::spawn(echo_with_forward(server));
    guarded_with_stopped_clock(async {
        for number in 0..100 {
            let text = format!("message {number}");
            client.send(text.as_str()).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text(text));
        }
        let close_info = client.close(CloseCode::NORMAL, "").await.unwrap();
        assert!(close_info.was_clean);
        echo.await.unwrap().expect("a Close is no error, and closing what is closed is none either");
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
    let (end, received) = guarded_with_stopped_clock(async { tokio::join!(sending, receiving) }).await;
    assert!(end.is_none(), "{end:?}");
    let received = received.unwrap();
    assert_eq!(received.len(), 500);
    for (number, message) in received.iter().enumerate() {
        assert_eq!(message.as_text(), Some(number.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn adapters_of_streams_and_sinks_fit() {
    let (client, server) = duplex_pair(256);
    // Numbers in, numbers out.
    let (sink, source) = StreamExt::split(client);
    let mut numbers_out = sink.with(|number: u32| future::ok::<_, Error>(Message::text(number.to_string())));
    let numbers_in = source.map_ok(|message| message.as_text().unwrap().parse::<u32>().unwrap());
    // A server that doubles the even ones and drops the others.
    let (sink, source) = StreamExt::split(server);
    let doubled = source.try_filter_map(|message| {
        let number: u32 = message.as_text().unwrap().parse().unwrap();
        future::ok(number.is_multiple_of(2).then(|| Message::text((number * 2).to_string())))
    });
    let serving = tokio::spawn(doubled.forward(sink));
    guarded_with_stopped_clock(async {
        for number in 0..10 {
            numbers_out.send(number).await.unwrap();
        }
        let received: Vec<u32> = numbers_in.take(5).try_collect().await.unwrap();
        assert_eq!(received, [0, 4, 8, 12, 16]);
        drop(numbers_out);
        // Nobody said Close.
        let ended = serving.await.unwrap();
        assert!(matches!(ended, Err(Error::EndedWithoutClose)), "{ended:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn many_connections_can_be_read_as_one_stream() {
    let (mut clients, servers): (Vec<_>, Vec<_>) = (0..10).map(|_| duplex_pair(256)).unzip();
    let mut all = stream::select_all(servers);
    guarded_with_stopped_clock(async {
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(number.to_string()).await.unwrap();
        }
        let mut received: Vec<_> =
            all.by_ref().take(10).map_ok(|message| message.as_text().unwrap().to_owned()).try_collect().await.unwrap();
        received.sort_unstable();
        assert_eq!(received, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let closing = future::join_all(clients.iter_mut().map(|client| client.close(CloseCode::NORMAL, "")));
        let (closures, end) = tokio::join!(closing, all.next());
        assert!(closures.into_iter().all(|close_info| close_info.unwrap().was_clean));
        assert!(end.is_none(), "all have ended: {end:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_stays_ended() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(CLOSE, b"\x03\xE8"));
    wire.end();
    for _ in 0..3 {
        assert!(StreamExt::next(&mut server).now_or_never().expect("it is over").is_none());
    }
    let mut fused = server.fuse();
    assert!(fused.next().now_or_never().expect("it is over").is_none());
    assert!(fused.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_closing_takes_nothing_more() {
    let (stream, wire) = scripted();
    let mut client = client(stream);
    SinkExt::close(&mut client).await.unwrap();
    let sent = SinkExt::send(&mut client, Message::text("late")).await;
    assert!(matches!(sent, Err(Error::Usage(UsageError::AfterClose))), "{sent:?}");
    assert_eq!(wire.written(), from_client(CLOSE, b"\x03\xE8"));
    assert_eq!(client.state(), State::Closing);
}

#[test]
fn the_halves_are_a_stream_and_a_sink_too() {
    let (stream, wire) = scripted();
    let (reader, writer) = server(stream).split();
    let mut reader: Pin<Box<dyn Stream<Item = Result<Message, Error>> + Send>> = Box::pin(reader);
    let mut writer: Pin<Box<dyn Sink<Message, Error = Error> + Send>> = Box::pin(writer);
    wire.give(&from_client(TEXT, "in"));
    let message = reader.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(message, Message::text("in"));
    writer.send(Message::text("out")).now_or_never().expect("there is room").unwrap();
    writer.close().now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), [from_server(TEXT, "out"), from_server(CLOSE, b"\x03\xE8")].concat());
}

#[test]
fn the_sink_makes_its_user_wait_when_the_peer_does_not_read() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    let mut endless = stream::repeat_with(|| Ok(Message::binary(vec![7; 10_000])));
    assert!(server.send_all(&mut endless).now_or_never().is_none(), "it waits");
    assert!(server.queued_bytes() < 400_000, "{} bytes wait", server.queued_bytes());
}

//! A stream and a sink of events, in which control frames are items.

use bytes::Bytes;
use std::{future::poll_fn, pin::Pin};

use futures_util::{
    Sink, SinkExt, StreamExt,
    stream::{self, FusedStream},
};
use protocol::{CloseCode, CloseFrame, Message};
use testkit::{
    frames::{
        first_byte::{BINARY, CLOSE, PING},
        server_frame,
    },
    stream::{StreamScript, scripted_stream},
    tasks::{is_pending, ready, with_timeout},
};
use websocket::{Error, Event, Events};

use crate::support::{duplex_pair, server};

fn goodbye() -> CloseFrame {
    CloseFrame::new(CloseCode::GOING_AWAY, "see you later").unwrap()
}

#[tokio::test]
async fn a_forwarded_stream_of_events_can_close_with_a_code() {
    let (client, server) = duplex_pair(1024);
    let (mut read_half, write_half) = client.into_split();
    let events =
        [Event::Message(Message::text("hello")), Event::Ping(Bytes::from_static(b"p")), Event::Close(Some(goodbye()))];
    let server = tokio::spawn(async move { Events(server).map(Result::unwrap).collect::<Vec<_>>().await });
    with_timeout(async {
        // `forward` closes the sink at the end of the stream. By then, the Close has already been
        // sent, so it is not repeated.
        stream::iter(events.clone()).map(Ok).forward(Events(write_half)).await.unwrap();
        while read_half.next().await.is_some() {}
        assert_eq!(read_half.close_info().code, CloseCode::GOING_AWAY);
        assert_eq!(server.await.unwrap(), events);
    })
    .await;
}

#[tokio::test]
async fn the_events_of_a_read_half_include_pings_pongs_and_the_close() {
    let (client, server) = duplex_pair(1024);
    let (read_half, _write_half) = server.into_split();
    let mut events = Events(read_half);
    with_timeout(async {
        let mut client = Events(client);
        client.send(Event::Pong(Bytes::from_static(b"unsolicited"))).await.unwrap();
        client.send(Event::Close(None)).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap(), Event::Pong(Bytes::from_static(b"unsolicited")));
        assert_eq!(events.next().await.unwrap().unwrap(), Event::Close(None));
        assert!(!events.is_terminated());
        // The stream of events ends when the underlying byte stream ends.
        let client = tokio::spawn(async move { client.map(Result::unwrap).collect::<Vec<_>>().await });
        assert!(events.next().await.is_none());
        assert!(events.is_terminated());
        assert_eq!(client.await.unwrap(), [Event::Close(None)]);
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_terminated_once_its_end_was_returned() {
    let (mut client, mut server) = duplex_pair(1024);
    with_timeout(async {
        assert!(!client.is_terminated());
        let closing = tokio::spawn(async move { server.close(CloseCode::NORMAL, "").await });
        assert!(StreamExt::next(&mut client).await.is_none());
        assert!(client.is_terminated());
        assert!(closing.await.unwrap().unwrap().was_clean);
    })
    .await;
}

/// Each method of the sink waits for the underlying stream, and not only for the driver.
#[tokio::test(start_paused = true)]
async fn sinks_of_events_wait_while_the_stream_accepts_nothing() {
    fn check<T>(mut sink: Events<T>, script: &StreamScript)
    where
        Events<T>: Sink<Event, Error = Error> + Unpin,
    {
        let large = vec![7; 1 << 20];
        script.block_writes();
        Pin::new(&mut sink).start_send(Event::Ping(Bytes::from_static(b"p"))).unwrap();
        assert!(is_pending(sink.flush()), "the Ping is not written");
        Pin::new(&mut sink).start_send(Event::Message(Message::binary(large.clone()))).unwrap();
        assert!(is_pending(poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx))), "the queue is full");
        script.unblock_writes();
        ready(sink.flush()).unwrap();
        let frames = [server_frame(PING, "p"), server_frame(BINARY, large)].concat();
        assert_eq!(script.written(), frames);
        script.block_writes();
        assert!(is_pending(sink.close()), "the Close is not written");
        script.unblock_writes();
        let _ = is_pending(sink.close());
        assert_eq!(script.written(), [frames, server_frame(CLOSE, b"\x03\xE8")].concat());
    }
    let (stream, script) = scripted_stream();
    check(Events(server(stream)), &script);
    let (stream, script) = scripted_stream();
    let (_read_half, write_half) = server(stream).into_split();
    check(Events(write_half), &script);
}

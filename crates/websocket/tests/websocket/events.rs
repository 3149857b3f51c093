//! A stream and a sink of events: control frames as items.

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{self, FusedStream},
};
use protocol::{CloseCode, CloseFrame, Message};
use testkit::tasks::with_timeout;
use websocket::{Event, Events};

use crate::support::duplex_pair;

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
        // `forward` closes the sink at its end. The Close has been sent by then, and is not repeated.
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
        // The end of TCP is the end of the stream.
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

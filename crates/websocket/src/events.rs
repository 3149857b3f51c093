//! Streams and sinks of events: messages and control frames.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Sink, Stream, stream::FusedStream};
use protocol::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    error::Error,
    event::Event,
    split::{ReadHalf, WriteHalf},
    websocket::WebSocket,
};

/// A wrapper that turns a connection, or one of its halves, into a stream or sink of all
/// [`Event`]s, not only of messages.
///
/// As a [`Stream`], it also returns Pings, Pongs and the peer's Close. As a [`Sink`], it also sends
/// Pings, Pongs and a Close. A stream that you forward to it can therefore close the connection
/// with a code:
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use websocket::{CloseCode, CloseFrame, Event, Events, Message};
///
/// # async fn example(connection: websocket::WebSocket<tokio::net::TcpStream>) -> Result<(), websocket::Error> {
/// let (reader, writer) = connection.into_split();
/// let goodbye = CloseFrame::new(CloseCode::GOING_AWAY, "see you later")?;
/// let events = [Event::Message(Message::text("hello")), Event::Close(Some(goodbye))];
/// stream::iter(events).map(Ok).forward(Events(writer)).await?;
/// # drop(reader);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events<T>(pub T);

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Events<WebSocket<S>> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.driver.poll_event(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Events<ReadHalf<S>> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_event(cx)
    }
}

impl<T: FusedStream> FusedStream for Events<T>
where
    Self: Stream,
{
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Event> for Events<WebSocket<S>> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, event: Event) -> Result<(), Error> {
        Ok(self.0.driver.queue_event(event)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::<Message>::poll_close(Pin::new(&mut self.0), cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Event> for Events<WriteHalf<S>> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, event: Event) -> Result<(), Error> {
        self.0.queue_event(event)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

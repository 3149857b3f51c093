//! Copies bytes between a TCP connection and an HTTP/2 stream, and translates the signals that end
//! one into those that end the other (RFC 8441, section 5):
//!
//! ```text
//!   TCP                               the stream
//!   FIN                    <------>   END_STREAM
//!   RST                     ------>   RST_STREAM with CANCEL
//!   RST                    <------    RST_STREAM before END_STREAM, with any error code
//!   the socket is closed   <------    RST_STREAM after END_STREAM: the endpoint reads no more
//! ```

use std::{future::poll_fn, io};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

/// The maximum number of bytes per read. It is also the maximum payload of a DATA frame, unless
/// SETTINGS allow more.
const READ: usize = 16 << 10;

/// The side whose connection or stream ended abnormally.
enum Broken {
    Tcp,
    Stream,
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Tcp
    }
}

impl From<h2::Error> for Broken {
    fn from(_: h2::Error) -> Self {
        Self::Stream
    }
}

/// Copies in both directions until both have ended or one side is reset. `upgraded` is hyper's
/// connection over TCP, after the opening handshake.
pub(super) async fn copy(upgraded: Upgraded, mut to_stream: SendStream<Bytes>, mut from_stream: RecvStream) {
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        unreachable!("the bridge speaks HTTP/1.1 over a TcpStream only");
    };
    let mut tcp = parts.io.into_inner();
    let (from_tcp, to_tcp) = tcp.split();
    let mut stream_ended = false;
    let receiving = async {
        receive(&mut from_stream, to_tcp).await?;
        stream_ended = true;
        Ok(())
    };
    match tokio::try_join!(send(parts.read_buf, from_tcp, &mut to_stream), receiving) {
        Ok(_) => {}
        Err(Broken::Tcp) => to_stream.send_reset(Reason::CANCEL),
        // The endpoint has ended its direction of the stream, and it no longer reads the other
        // direction. Dropping the socket gives the TCP peer the same information.
        Err(Broken::Stream) if stream_ended => {}
        // This call makes the socket send RST when it is dropped. If the call fails, the socket is
        // already broken.
        Err(Broken::Stream) => drop(tcp.set_zero_linger()),
    }
}

/// Copies from the TCP connection to the stream until the TCP peer ends its direction. `bytes`
/// contains what has already been read from the connection.
async fn send(mut bytes: Bytes, mut from: ReadHalf<'_>, to: &mut SendStream<Bytes>) -> Result<(), Broken> {
    loop {
        while !bytes.is_empty() {
            to.reserve_capacity(bytes.len());
            // `None` means that the stream cannot send any more.
            let capacity = poll_fn(|cx| to.poll_capacity(cx)).await.ok_or(Broken::Stream)??;
            to.send_data(bytes.split_to(capacity.min(bytes.len())), false)?;
        }
        let mut read = BytesMut::with_capacity(READ);
        // While nothing arrives over TCP, only `poll_reset` notices a reset that follows
        // `END_STREAM`.
        tokio::select! {
            count = from.read_buf(&mut read) => match count? {
                0 => return Ok(to.send_data(Bytes::new(), true)?),
                _ => bytes = read.freeze(),
            },
            reset = poll_fn(|cx| to.poll_reset(cx)) => {
                reset?;
                return Err(Broken::Stream);
            }
        }
    }
}

/// Copies from the stream to the TCP connection until the stream ends.
async fn receive(from: &mut RecvStream, mut to: WriteHalf<'_>) -> Result<(), Broken> {
    while let Some(bytes) = from.data().await {
        let bytes = bytes?;
        to.write_all(&bytes).await?;
        // These bytes have now been written, so allow the endpoint to send as many more.
        from.flow_control().release_capacity(bytes.len())?;
    }
    Ok(to.shutdown().await?)
}

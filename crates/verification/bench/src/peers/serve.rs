//! Taking connections, the same way for every server.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
};

use tokio::net::{TcpSocket, TcpStream};

use super::BoxError;

/// Connections that may wait to be taken. Ten thousand come at once in some measurements.
const BACKLOG: u32 = 4096;

/// Serves for ever on one thread: a task for each connection.
///
/// # Errors
/// When the port cannot be had.
pub fn serve<F, Fut>(handle: F) -> io::Result<()>
where
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(BACKLOG)?;
        announce(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // As it is, because an async block around it would double the task's size. How it ends is not looked at: a
            // client of a benchmark leaves without a Close, and each library calls that by another name. Whether the echoes
            // were right is for the client to say.
            tokio::spawn(handle(stream));
        }
    })
}

/// Prints where the server listens, for whoever has started it. All servers print the same line.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on ws://{address}/")?;
    stdout.flush()
}

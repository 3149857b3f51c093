//! Accepts connections in the same way for every server.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
};

use tokio::net::{TcpSocket, TcpStream};

/// An error from any of the libraries.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The maximum number of connections that may wait to be accepted. It is high, because some
/// measurements open ten thousand connections.
const BACKLOG: u32 = 4096;

/// Serves connections on one thread until an error occurs, with one task for each connection.
///
/// # Errors
/// Fails if the port cannot be bound, or if a connection cannot be accepted.
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
            // Spawn the future itself, because an async block around it would double the size of
            // the task. Ignore the future's result: the load generator disconnects without a Close,
            // which each library reports differently. No error goes unnoticed, because the load
            // generator checks every echo.
            tokio::spawn(handle(stream));
        }
    })
}

/// Prints the server's address in the same format for every server. The process that started the
/// server reads this line.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on ws://{address}/")?;
    stdout.flush()
}

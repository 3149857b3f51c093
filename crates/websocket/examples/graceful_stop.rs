//! A server with two paths that stops gracefully.
//!
//! ```text
//! cargo run -p websocket --example graceful_stop [ADDRESS]
//! ```
//!
//! `/echo` sends each message back, and `/length` answers with the message's length in bytes. On
//! Ctrl-C, the server accepts no new clients, closes each connection with 1001, and waits for the
//! answers.

use std::{env, future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    signal,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use websocket::{
    CloseCode, CloseInfo, Error, Message, ServerConfig, UpgradeOptions, UpgradeRequest, accept_with,
    http::{Response, StatusCode},
};

/// The maximum time for all connections to close. Service managers kill a service that has not
/// stopped in time: Docker after 10 seconds, systemd after 90.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/echo and /length", listener.local_addr()?);
    let interrupted = async { signal::ctrl_c().await.expect("Ctrl-C can be awaited") };
    let aborted = run(listener, interrupted).await;
    println!("stopped; {aborted} connections were not closed in time");
    Ok(())
}

/// Serves clients until `stop` completes. Returns the number of connections that did not close in
/// time.
pub(crate) async fn run(listener: TcpListener, stop: impl Future<Output = ()>) -> usize {
    let (running, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => _ = connections.spawn(report(stream, peer, stopped.clone())),
                Err(error) => {
                    eprintln!("{error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            // Forget each task that has ended.
            Some(_) = connections.join_next() => {}
        }
    }
    // From now on, the operating system rejects new clients.
    drop(listener);
    // Dropping the sender tells every task to close its connection.
    drop(running);
    let all_closed = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(STOP_TIMEOUT, all_closed).await;
    // The tasks that are left are aborted when `connections` is dropped.
    connections.len()
}

async fn report(stream: TcpStream, peer: SocketAddr, stopped: watch::Receiver<()>) {
    match serve(stream, stopped).await {
        Ok(info) => println!("{peer}: {info}"),
        Err(error) => eprintln!("{peer}: {error}"),
    }
}

async fn serve(stream: TcpStream, mut stopped: watch::Receiver<()>) -> Result<CloseInfo, Error> {
    let mut answer: fn(Message) -> Message = |message| message;
    let decide = |upgrade: &UpgradeRequest<'_>| match upgrade.request().path() {
        "/echo" => Ok(UpgradeOptions::default()),
        "/length" => {
            answer = |message| Message::text(message.len().to_string());
            Ok(UpgradeOptions::default())
        }
        _ => {
            let mut not_found = Response::new("only /echo and /length exist here\n".to_owned());
            *not_found.status_mut() = StatusCode::NOT_FOUND;
            Err(not_found)
        }
    };
    let mut connection = accept_with(stream, &ServerConfig::default(), decide).await?;
    loop {
        // `next` is cancel safe. `send` is called outside `select!`, so no answer is cut off.
        let message = tokio::select! {
            message = connection.next() => message.transpose()?,
            _ = stopped.changed() => {
                return connection.close(CloseCode::GOING_AWAY, "the server is stopping").await;
            }
        };
        match message {
            Some(message) => connection.send(answer(message)).await?,
            None => return Ok(connection.close_info()),
        }
    }
}

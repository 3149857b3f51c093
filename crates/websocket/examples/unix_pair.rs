//! A server and a client that converse over a Unix socket.
//!
//! ```text
//! cargo run -p websocket --example unix_pair [PATH]
//! ```
//!
//! A Unix socket is a file on one machine, and the permissions of the file decide who may connect.
//! Use such a socket between two programs on one machine, for example between a proxy such as nginx
//! and the server behind it.

#[cfg(unix)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    use std::{env, error::Error, fs, path::PathBuf};

    use tokio::net::UnixListener;
    use websocket::{CloseCode, Connector};

    let default = env::temp_dir().join(format!("websonkets-example-{}.sock", std::process::id()));
    let path = env::args().nth(1).map_or(default, PathBuf::from);
    let listener = UnixListener::bind(&path)?;
    println!("listening on {}", path.display());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut connection = websocket::accept(stream).await?;
        while let Some(message) = connection.next().await {
            connection.send(message?).await?;
        }
        Ok::<(), Box<dyn Error + Send + Sync>>(())
    });

    // The URI's host is used only for the `Host` header field.
    let mut client = Connector::new("ws://localhost/")?.unix_socket(&path).connect().await?;
    client.send("hello").await?;
    if let Some(message) = client.next().await {
        println!("received: {}", message?);
    }
    println!("closed: {}", client.close(CloseCode::NORMAL, "done").await?);
    server.await??;
    fs::remove_file(&path)?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("this system has no Unix sockets");
}

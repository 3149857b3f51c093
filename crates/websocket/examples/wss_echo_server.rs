//! An echo server for `wss://`, which creates a new certificate for each run.
//!
//! ```text
//! cargo run -p websocket --example wss_echo_server [ADDRESS [CERTIFICATE]]
//! ```
//!
//! The server writes its certificate to the file CERTIFICATE, which `wss_client` then trusts. A
//! server on the open internet gets its certificate from an authority instead, and calls
//! [`ServerTls::from_pem_files`].

use std::{env, error::Error, fs};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use websocket::{
    CloseInfo, accept,
    tls::{Identity, ServerTls},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8443".to_owned());
    let certificate = env::args().nth(2).unwrap_or_else(|| "wss_echo_server.pem".to_owned());
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    fs::write(&certificate, cert.pem())?;
    let identity = Identity::from_pem(cert.pem(), signing_key.serialize_pem())?;
    let tls = ServerTls::from_identity(identity)?;

    let listener = TcpListener::bind(&address).await?;
    println!("listening on wss://{}/", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let tls = tls.clone();
        // The TLS handshake runs in the client's own task, so a slow client does not hold up the
        // others.
        tokio::spawn(async move {
            match serve(stream, &tls).await {
                Ok(info) => println!("{peer}: {info}"),
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
}

async fn serve(stream: TcpStream, tls: &ServerTls) -> Result<CloseInfo, websocket::Error> {
    let mut connection = accept(tls.accept(stream).await?).await?;
    while let Some(message) = connection.next().await {
        connection.send(message?).await?;
    }
    Ok(connection.close_info())
}

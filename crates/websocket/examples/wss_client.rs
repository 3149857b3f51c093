//! A client for `wss://` that trusts one additional certificate: sends a message, prints the
//! answer, and closes the connection.
//!
//! ```text
//! cargo run -p websocket --example wss_client [URL [CERTIFICATE]]
//! ```

use std::{env, error::Error};

use websocket::{
    CloseCode, Connector,
    tls::{ClientTls, certificates_from_file},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "wss://localhost:8443/".to_owned());
    let certificate = env::args().nth(2).unwrap_or_else(|| "wss_echo_server.pem".to_owned());
    let config = ClientTls::new().trust(certificates_from_file(certificate)?).build()?;
    let mut connection = Connector::new(&url)?.tls_config(config).connect().await?;
    connection.send("hello").await?;
    if let Some(message) = connection.next().await {
        println!("{:?}", message?);
    }
    println!("{}", connection.close(CloseCode::NORMAL, "").await?);
    Ok(())
}

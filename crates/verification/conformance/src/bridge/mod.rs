//! A bridge between HTTP/1.1 and HTTP/2. The suite speaks only HTTP/1.1, so the bridge carries each
//! of the suite's connections on an HTTP/2 stream. It performs both opening handshakes, and then
//! copies the bytes of the frames unchanged.
//!
//! ```text
//!   tested   one TCP connection each                 streams in one TCP connection
//!   server   suite ──── GET ────▶ bridge, to_http2 ──── CONNECT ────▶ server on axum
//!   client   suite ◀─── GET ───── bridge, to_http1 ◀─── CONNECT ───── agent
//! ```
//!
//! The HTTP/1.1 side is hyper, and the HTTP/2 side is the crate `h2`, which distinguishes a
//! cancelled stream from an ended one. No code of this workspace is involved, so the bridge and the
//! tested program cannot share a mistake.
//!
//! | file | contents |
//! |---|---|
//! | `heads` | the two forms of the opening handshake |
//! | `copy` | the bytes after it, and the ends of both directions |
//! | [`to_http2`] | accepts HTTP/1.1 |
//! | [`to_http1`] | accepts HTTP/2 |

mod copy;
mod heads;
pub mod to_http1;
pub mod to_http2;

use tokio::net::{TcpListener, TcpStream};

/// Accepts a connection, and disables the delay of small writes on it. With the delay, a message
/// that crosses the bridge would take up to 40 ms longer, and the suite sends thousands of
/// messages.
async fn accept(listener: &TcpListener) -> Result<TcpStream, String> {
    let (tcp, _) = listener.accept().await.map_err(|error| error.to_string())?;
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(tcp)
}

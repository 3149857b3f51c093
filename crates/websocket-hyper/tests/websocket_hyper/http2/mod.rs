//! WebSocket connections in HTTP/2 (RFC 8441).

mod client;
mod conversations;
mod raw_http2;
mod server;

//! The opening handshake over real sockets, with peers that exchange plain bytes (sections 4.1 and
//! 4.2).

mod client_request;
mod client_response;
mod connecting;
mod one_per_address;
mod other_stacks;
mod server;

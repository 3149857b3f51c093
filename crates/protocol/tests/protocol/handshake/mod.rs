//! The opening handshake (sections 4, 9.1 and 11.3).

mod client_request;
mod client_response;
mod extended_connect;
mod parsed_elsewhere;
mod rejection_body;
mod request_head;
mod secrets;
mod server;
mod server_response;

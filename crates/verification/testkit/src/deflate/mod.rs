//! Helpers for tests of permessage-deflate (RFC 7692): negotiated parameters, a second decoder, and
//! hand-made blocks.

mod blocks;
mod reference_inflater;

use protocol::{DeflateOptions, NegotiatedDeflate, Role, handshake::UpgradeOptions};

pub use self::{
    blocks::{far_back_reference, stored_block, truncated_code_tables},
    reference_inflater::ReferenceInflater,
};
use crate::{
    handshake::{accept_request, check_response, client_request, request_text},
    http_head::{HeadBuilder, header_value},
};

/// Returns bytes that no compressor can make smaller. Every call with the same length returns the
/// same bytes.
#[must_use]
pub fn incompressible_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[5]
        })
        .collect()
}

/// The parameters that a client and a server have negotiated, as seen by each endpoint.
#[derive(Debug, Clone)]
pub struct NegotiatedPair {
    /// The parameters from the client's view.
    pub client: NegotiatedDeflate,
    /// The parameters from the server's view.
    pub server: NegotiatedDeflate,
}

impl NegotiatedPair {
    /// Returns the parameters as seen by the endpoint in this role.
    #[must_use]
    pub fn of(self, role: Role) -> NegotiatedDeflate {
        match role {
            Role::Client => self.client,
            Role::Server => self.server,
        }
    }
}

/// Negotiates compression between a client and a server with these options. Both heads of the
/// opening handshake pass through the public API.
#[track_caller]
#[must_use]
pub fn negotiate(client: &DeflateOptions, server: &DeflateOptions) -> NegotiatedPair {
    const NAME: &str = "Sec-WebSocket-Extensions";
    let request = client_request().deflate(client.clone());
    let request_head = request_text(request.clone());
    let offer = header_value(&request_head, NAME).expect("the request offers compression");

    let options = UpgradeOptions::default().deflate(server.clone());
    let accepted = accept_request(&HeadBuilder::request().with_each(NAME, &[offer]), options)
        .expect("compression is the only extension");

    let response = HeadBuilder::response().with(format!("{NAME}: {}", accepted.extensions[0]));
    let established = check_response(request, &response).expect("the response is valid");
    NegotiatedPair {
        client: established.deflate.expect("the server accepted the offer"),
        server: accepted.deflate.expect("the server accepts the offer"),
    }
}

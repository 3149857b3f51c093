//! The results of the opening handshake that a connection keeps.

use http::Response;
use protocol::handshake::Extension;

/// The results of the opening handshake. Most servers negotiate nothing, so their connections do
/// not allocate this value and stay small.
#[derive(Debug, Default)]
pub(crate) struct Negotiated {
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Vec<Extension>,
    /// On a client, the response that opened the connection, without its body; on a server, `None`.
    pub(crate) response: Option<Response<()>>,
}

impl Negotiated {
    /// Boxes the results. Returns `None` if there is nothing to keep.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        let is_empty = self.subprotocol.is_none() && self.extensions.is_empty() && self.response.is_none();
        (!is_empty).then(|| Box::new(self))
    }
}

/// Accessors shared by an unsplit connection and the halves of a split one.
pub(crate) trait AsNegotiated {
    fn subprotocol(&self) -> Option<&str>;
    fn extensions(&self) -> &[Extension];
    fn response(&self) -> Option<&Response<()>>;
}

impl AsNegotiated for Option<Box<Negotiated>> {
    fn subprotocol(&self) -> Option<&str> {
        self.as_ref()?.subprotocol.as_deref()
    }

    fn extensions(&self) -> &[Extension] {
        self.as_ref().map_or(&[], |negotiated| &negotiated.extensions)
    }

    fn response(&self) -> Option<&Response<()>> {
        self.as_ref()?.response.as_ref()
    }
}

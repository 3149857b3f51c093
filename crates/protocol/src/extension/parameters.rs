//! The four parameters of permessage-deflate as they appear in the `Sec-WebSocket-Extensions`
//! header (RFC 7692, section 7.1).
//!
//! ```text
//!                                  in an offer                      in a response
//!   server_no_context_takeover     no value                         no value
//!   client_no_context_takeover     no value                         no value
//!   server_max_window_bits         8-15                             8-15
//!   client_max_window_bits         8-15 or no value                 8-15, and only if it was offered
//!
//!   8-15: decimal, without a leading zero
//! ```

use std::fmt;

use super::options::WindowBits;
use crate::handshake::Extension;

/// The registered name of the extension (RFC 7692, section 9.1).
pub const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The parameters of one element of the `Sec-WebSocket-Extensions` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parameters {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<WindowBits>,
    /// `None` if the parameter is absent, and `Some(None)` if it has no value.
    pub(super) client_max_window_bits: Option<Option<WindowBits>>,
}

/// Whether a header element is an offer or a response. Offers and responses have the same grammar,
/// except for one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementKind {
    Offer,
    Response,
}

/// The reason why an element is invalid. The server declines an invalid offer. An invalid response
/// makes the client fail the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParameterError {
    Unknown(String),
    Repeated(String),
    Value(String, Option<String>),
}

impl Parameters {
    /// Parses the parameters of an element named `permessage-deflate`.
    pub(super) fn read(element: &Extension, kind: ElementKind) -> Result<Self, ParameterError> {
        let mut read = Self::default();
        for (name, value) in element.parameters() {
            //= docs/src/rfc7692.md#section-7
            //# A server MUST decline an offer with a parameter whose value is invalid.
            //= docs/src/rfc7692.md#section-7
            //# A client MUST fail the connection if the response has a parameter whose value is
            //# invalid.
            let bad_value = || ParameterError::Value(name.to_owned(), value.map(str::to_owned));
            let repeated = match name {
                SERVER_NO_CONTEXT_TAKEOVER | CLIENT_NO_CONTEXT_TAKEOVER if value.is_some() => return Err(bad_value()),
                SERVER_NO_CONTEXT_TAKEOVER => std::mem::replace(&mut read.server_no_context_takeover, true),
                CLIENT_NO_CONTEXT_TAKEOVER => std::mem::replace(&mut read.client_no_context_takeover, true),
                SERVER_MAX_WINDOW_BITS => {
                    let bits = value.and_then(window_bits).ok_or_else(bad_value)?;
                    read.server_max_window_bits.replace(bits).is_some()
                }
                CLIENT_MAX_WINDOW_BITS => {
                    //= docs/src/rfc7692.md#section-7-1-2-2
                    //# In a response, `client_max_window_bits` MUST have a value.
                    let bits = match value {
                        None if kind == ElementKind::Offer => None,
                        value => Some(value.and_then(window_bits).ok_or_else(bad_value)?),
                    };
                    read.client_max_window_bits.replace(bits).is_some()
                }
                //= docs/src/rfc7692.md#section-7
                //# A server MUST decline an offer with a parameter that is not defined for offers.
                //= docs/src/rfc7692.md#section-7
                //# A client MUST fail the connection if the response has a parameter that is not
                //# defined for responses.
                _ => return Err(ParameterError::Unknown(name.to_owned())),
            };
            //= docs/src/rfc7692.md#section-7
            //# A server MUST decline an offer that has the same parameter twice.
            //= docs/src/rfc7692.md#section-7
            //# A client MUST fail the connection if the response has the same parameter twice.
            if repeated {
                return Err(ParameterError::Repeated(name.to_owned()));
            }
        }
        Ok(read)
    }

    /// Creates the header element.
    pub(super) fn write(self) -> Extension {
        let mut element = Extension::known(PERMESSAGE_DEFLATE);
        if self.server_no_context_takeover {
            element = element.and(SERVER_NO_CONTEXT_TAKEOVER, None);
        }
        if self.client_no_context_takeover {
            element = element.and(CLIENT_NO_CONTEXT_TAKEOVER, None);
        }
        if let Some(bits) = self.server_max_window_bits {
            element = element.and(SERVER_MAX_WINDOW_BITS, Some(bits.to_string()));
        }
        if let Some(bits) = self.client_max_window_bits {
            element = element.and(CLIENT_MAX_WINDOW_BITS, bits.map(|bits| bits.to_string()));
        }
        element
    }
}

/// Parses a number from 8 to 15 in decimal. `str::parse` would also accept `+9` and `09`. Such
/// numbers are rejected, so that all implementations read the header in the same way.
//= docs/src/rfc7692.md#section-7-1-2-1
//# The value of `server_max_window_bits` MUST be a number from 8 to 15 in decimal digits, without
//# leading zeros, in an offer as well as in a response.
//= docs/src/rfc7692.md#section-7-1-2-2
//# If `client_max_window_bits` has a value, it MUST be a number from 8 to 15 in decimal digits,
//# without leading zeros.
fn window_bits(text: &str) -> Option<WindowBits> {
    match text.as_bytes() {
        [digit @ b'8'..=b'9'] => WindowBits::new(digit - b'0').ok(),
        [b'1', digit @ b'0'..=b'5'] => WindowBits::new(10 + digit - b'0').ok(),
        _ => None,
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "the parameter '{}' is unknown", name.escape_debug()),
            Self::Repeated(name) => write!(f, "the parameter {name} is there twice"),
            Self::Value(name, None) => write!(f, "the parameter {name} has no value"),
            Self::Value(name, Some(value)) => {
                write!(f, "the parameter {name} cannot have the value '{}'", value.escape_debug())
            }
        }
    }
}

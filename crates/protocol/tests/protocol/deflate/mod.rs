//! permessage-deflate (RFC 7692).

mod messages;
mod negotiation;
mod payload;

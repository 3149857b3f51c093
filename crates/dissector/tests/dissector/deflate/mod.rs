//! Compressed messages (permessage-deflate, RFC 7692).

mod broken;
mod messages;
mod support;

//! permessage-deflate in a connection that has negotiated it (RFC 7692, sections 6.1 and 6.2).
//!
//! [`Deflating`] belongs to the sender and [`Inflating`] to the receiver. A connection without the
//! extension has neither, and never calls this module. In a build without the feature `deflate`, no
//! value of either type can exist, so the compiler removes the code that uses them.
//!
//! | file | what it holds |
//! |---|---|
//! | `enabled` | the types for a build with the feature |
//! | `disabled` | the types without values, for a build without the feature |

#[cfg(not(feature = "deflate"))]
mod disabled;
#[cfg(feature = "deflate")]
mod enabled;

#[cfg(not(feature = "deflate"))]
pub(super) use self::disabled::{Deflating, Inflating};
#[cfg(feature = "deflate")]
pub(super) use self::enabled::{Deflating, Inflating};

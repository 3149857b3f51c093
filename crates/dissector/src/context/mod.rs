//! The context of a unit: what its dissection needs to know about earlier units.
//!
//! | file | contents | changes |
//! |---|---|---|
//! | `request` | the request, against which the response is checked | with each request |
//! | `connection` | facts that both directions share | with each head |
//! | `direction` | facts that the frames of one direction share | with each frame |

mod connection;
mod direction;
mod request;

pub(crate) use self::{
    connection::{ConnectionContext, NextProtocol},
    direction::DirectionContext,
    request::{RequestContext, extensions_of},
};

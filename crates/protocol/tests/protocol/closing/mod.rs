//! Closing (sections 5.5.1 and 7).

mod closing_handshake;
mod deadlines;
mod table;

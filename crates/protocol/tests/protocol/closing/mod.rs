//! Closing (sections 5.5.1 and 7).

mod after_close;
mod close_codes;
mod closing_handshake;
mod deadlines;
mod table;

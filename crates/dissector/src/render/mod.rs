//! Renders records, for people and for programs.
//!
//! | function | use |
//! |---|---|
//! | [`tree`] | to compare with Wireshark: the fields in its notation |
//! | [`explained`] | to learn: the same tree with an explanation of each field |
//! | [`hex_dump`] | on a terminal: the bytes in colour, and the fields below them |
//! | [`json`] | in programs: one line of JSON per record |
//! | [`svg`] | in documents: a figure that needs no other file |
//!
//! Each function turns a [`Record`](crate::record::Record) into a `String`. The hex dump and the
//! figure use the colours of [`palette`].

mod hexdump;
mod json;
pub mod palette;
mod svg;
mod text;
mod tree;

pub use self::{
    hexdump::hex_dump,
    json::json,
    svg::svg,
    text::{bit_pattern, value_text},
    tree::{explained, line as field_line, tree, whole_line as whole_field_line},
};

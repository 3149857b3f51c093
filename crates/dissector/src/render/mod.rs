//! Records for people and for programs.
//!
//! | | for |
//! |---|---|
//! | [`tree`], [`explained`] | reading beside Wireshark: its notation, with explanations if wanted |
//! | [`hex_dump`] | a terminal: the bytes in colour, the fields under them |
//! | [`json`] | programs: one line for each record |
//! | [`svg`] | the book: a figure that needs nothing beside it |
//!
//! All of them are functions from a [`Record`](crate::Record) to a `String`. Colours are those of [`palette`], the same
//! everywhere.

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
    tree::{explained, line as field_line, tree},
};

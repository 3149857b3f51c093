//! Frames (sections 5.1 to 5.3 and 6.2).

mod all_findings;
mod first_two_bytes;
mod header;
mod masking;
mod reads;

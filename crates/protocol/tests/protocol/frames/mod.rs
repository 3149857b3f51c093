//! Frames (sections 5.1 to 5.3 and 6.2).

mod header;

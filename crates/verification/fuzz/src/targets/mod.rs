//! The fuzz targets.

pub mod beside_tungstenite;
pub mod deflate;
pub mod dissector;
pub mod driver;
pub mod frames;
mod head;
pub mod request;
pub mod response;
pub mod round_trip;
pub mod uri;

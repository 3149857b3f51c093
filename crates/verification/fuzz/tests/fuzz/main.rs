//! Tests of the fuzz targets: the committed inputs, the known disagreements, and the helpers.

mod corpus;
mod disagreements;
mod one_shot_inflater;
mod page;
mod replay;

//! Tests of the fuzz targets: the committed inputs, the known disagreements, and the helpers.

mod corpus;
mod disagreements;
mod page;
mod reference_inflater;
mod replay;

//! Tests of the tools around the suite. None of them runs the suite itself.

mod agent;
mod baseline;
mod bridge;
mod cases;
mod page;
mod reports;

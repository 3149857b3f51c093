//! The techniques: how each is run, and the mistakes that it must find.

use crate::{exploration, mistake::Mistake, program, schedules, simulation};

/// A kind of test for mistakes that depend on the order or the timing of events.
#[derive(Debug)]
pub struct Technique {
    /// The name of the technique.
    pub name: &'static str,
    /// The arguments with which cargo runs the technique. A [`Mistake`]'s arguments follow them.
    pub command: &'static [&'static str],
    /// The arguments with which cargo compiles the technique.
    pub build: &'static [&'static str],
    /// The crate whose ordinary tests, called *plain tests*, are compared with the technique.
    pub plain_tests: &'static str,
    /// Returns `true` if a line of the technique's output belongs in a short report of what was
    /// found.
    pub is_account: fn(&str) -> bool,
    /// The mistakes.
    pub mistakes: &'static [Mistake],
}

/// All techniques.
pub const TECHNIQUES: [Technique; 4] = [
    Technique {
        name: "exploration",
        command: &["run", "--package", "exploration", "--", "search", "--whole-frames", "--causes"],
        build: &["build", "--package", "exploration"],
        plain_tests: "protocol",
        is_account: |_| true,
        mistakes: &exploration::MISTAKES,
    },
    Technique {
        name: "simulation",
        command: &["run", "--package", "simulation", "--", "--seeds"],
        build: &["build", "--package", "simulation"],
        plain_tests: "websocket",
        // The conversation of one seed has thousands of lines, so show only the lines that report
        // the failure.
        is_account: |line| line.contains("FAILED") || line.contains("panicked"),
        mistakes: &simulation::MISTAKES,
    },
    Technique {
        name: "program",
        command: &["run", "--package", "simulation", "--", "--of", "program", "--seeds"],
        build: &["build", "--package", "simulation"],
        plain_tests: "server",
        is_account: |line| line.contains("FAILED") || line.contains("panicked"),
        mistakes: &program::MISTAKES,
    },
    Technique {
        name: "schedules",
        command: &["test", "--package", "schedules"],
        build: &["test", "--package", "schedules", "--no-run"],
        plain_tests: "websocket",
        is_account: |line| line.ends_with("FAILED") || line.contains("deadlock!"),
        mistakes: &schedules::MISTAKES,
    },
];

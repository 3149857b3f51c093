//! Lessons: small tasks that the user does on the connection. The client watches the wire to check
//! whether a task is done.
//!
//! | file | purpose |
//! |---|---|
//! | `wire` | the records that a lesson looks at |
//! | `messages`, `control`, `fragments`, `pace` | lessons about an open connection |
//! | `closing`, `failures` | lessons that end the connection |
//! | `compression`, `handshake` | lessons that need a new connection |
//! | `table` | all lessons, in order |
//! | `progress` | which lesson is shown, and which are done |
//!
//! A lesson consists of data and a pure function, [`Lesson::observe`], which looks at each new
//! record. To add a lesson, write it in the file for its topic and add it to the table. The tests
//! then type its lines into the real parser, pass the result to two engines and the dissector, and
//! check that the lines complete the lesson.

mod closing;
mod compression;
mod control;
mod failures;
mod fragments;
mod handshake;
mod messages;
mod pace;
pub(crate) mod progress;
pub(crate) mod table;
#[cfg(test)]
mod test_connection;
#[cfg(test)]
mod tests;
mod wire;

use self::wire::Wire;

/// A small task.
#[derive(Debug)]
pub(crate) struct Lesson {
    /// The title, in a few words.
    pub(crate) title: &'static str,
    /// What to do, and what to look at.
    pub(crate) task: &'static str,
    /// The first piece of advice, shown when the user asks for it: how to approach the task, but
    /// not what to type.
    pub(crate) idea: &'static str,
    /// The second piece of advice, which replaces the first. The lines to type are shown below it.
    pub(crate) hint: &'static str,
    /// Lines that complete the lesson on a new connection to our server.
    pub(crate) lines: &'static [&'static str],
    /// The name of the field that the lesson is about, if there is one. The frame pane selects it.
    pub(crate) field: Option<&'static str>,
    /// Looks at the newest record and at those before it. Returns `None` if the newest record
    /// neither completes the task nor counts as a failed attempt, for example because the server
    /// sent it or because more frames must follow.
    pub(crate) observe: fn(&Wire<'_>) -> Option<Verdict>,
}

/// A lesson's verdict on something that the user has done.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The task is done. Contains a few sentences about what the user has done.
    Done(String),
    /// The user tried, but did not complete the task. Contains a sentence, without its full stop,
    /// that says what is missing.
    NotYet(String),
}

impl Verdict {
    fn done(report: impl Into<String>) -> Option<Self> {
        Some(Self::Done(report.into()))
    }

    fn not_yet(missing: impl Into<String>) -> Option<Self> {
        Some(Self::NotYet(missing.into()))
    }
}

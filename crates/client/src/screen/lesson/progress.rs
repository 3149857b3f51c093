//! The user's progress: which lesson is shown, and which lessons are done.

use super::{Verdict, table::LESSONS, wire::Wire};
use crate::screen::{model::wire_log::WireLog, text::wrap};

/// The number of failed attempts after which the pane mentions the hint.
const MISSES: usize = 2;

/// A command with which the user controls the lessons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LessonCommand {
    /// Show the lesson at which the user left off.
    Show,
    /// Show the lesson with this index.
    Jump(usize),
    /// Show the first piece of advice or, if it is already shown, the second piece and the lines to
    /// type.
    Hint,
    /// Skip the lesson.
    Next,
    /// Hide the lessons.
    Off,
}

/// How much advice the user has requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    None,
    /// The idea.
    Idea,
    /// The hint, and the lines to type.
    Lines,
}

/// The progress in this session.
#[derive(Debug)]
pub(crate) struct LessonProgress {
    is_shown: bool,
    /// The index of the current lesson. After the last lesson, it equals the number of lessons.
    current: usize,
    /// The report on each lesson that the user has done.
    done: Vec<Option<String>>,
    advice: Advice,
    /// What was missing in the user's last attempt, or `None` if there is nothing to report.
    missing: Option<String>,
    /// The number of failed attempts.
    misses: usize,
    /// The index of the lesson that the user has just completed or opened. The report on that
    /// lesson, if it has one, is shown.
    reported: Option<usize>,
    /// The number of rows by which the user has scrolled the pane away from the task. Negative
    /// numbers mean upwards.
    pub(crate) scroll: isize,
}

impl Default for LessonProgress {
    fn default() -> Self {
        Self {
            is_shown: false,
            current: 0,
            done: vec![None; LESSONS.len()],
            advice: Advice::None,
            missing: None,
            misses: 0,
            reported: None,
            scroll: 0,
        }
    }
}

/// What a row in the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LessonRow {
    /// A part of the report on the lesson just completed, or on the current lesson if it is done.
    Report,
    /// A part of the task.
    Task,
    /// A part of the sentence about what is missing.
    Missing,
    /// A part of the hint, which the user has requested.
    Hint,
    /// A line to type.
    Line,
}

impl LessonProgress {
    /// Returns whether the lessons are shown.
    pub(crate) const fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Returns the name of the field that the lesson is about.
    pub(crate) fn field(&self) -> Option<&'static str> {
        LESSONS.get(self.current).filter(|_| self.is_shown)?.field
    }

    /// Carries out one of the user's commands.
    pub(crate) fn command(&mut self, command: LessonCommand) {
        self.is_shown = command != LessonCommand::Off;
        match command {
            LessonCommand::Show | LessonCommand::Off => {}
            LessonCommand::Jump(index) => self.go_to(index),
            LessonCommand::Hint => {
                self.advice = match self.advice {
                    Advice::None => Advice::Idea,
                    Advice::Idea | Advice::Lines => Advice::Lines,
                };
                self.reported = None;
                // The advice takes the place of the sentence about the last attempt.
                self.missing = None;
                self.scroll = 0;
            }
            LessonCommand::Next => self.go_to((self.current + 1).min(LESSONS.len())),
        }
    }

    fn go_to(&mut self, index: usize) {
        self.current = index;
        self.advice = Advice::None;
        (self.missing, self.misses) = (None, 0);
        self.reported = Some(index);
        self.scroll = 0;
    }

    /// Looks at the newest record. If that record completes the lesson, goes on to the next lesson.
    /// If it counts as a failed attempt, stores a sentence that says what is missing.
    pub(crate) fn observe(&mut self, log: &WireLog) {
        let Some(lesson) = LESSONS.get(self.current).filter(|_| self.is_shown) else { return };
        let wire = Wire::of(log);
        if wire.as_ref().is_some_and(Wire::is_new_connection) {
            // The report on an attempt over the old connection does not apply to the new one.
            self.missing = None;
        }
        match wire.and_then(|wire| (lesson.observe)(&wire)) {
            None => {}
            Some(Verdict::Done(report)) => self.complete(report),
            Some(Verdict::NotYet(missing)) => {
                self.missing = Some(missing);
                self.misses += 1;
                // The user is now working on this lesson, so hide the report on the previous one.
                self.reported = None;
                self.scroll = 0;
            }
        }
    }

    /// Stores the report on the lesson, and goes on to the next lesson that is not done.
    fn complete(&mut self, report: String) {
        let index = self.current;
        self.done[index] = Some(report);
        // If all later lessons are done, go back to the first lesson that the user has skipped, if
        // there is one.
        let skipped = Option::is_none;
        let after = self.done[index..].iter().position(skipped).map(|next| index + next);
        self.go_to(after.or_else(|| self.done.iter().position(skipped)).unwrap_or(LESSONS.len()));
        self.reported = Some(index);
    }

    /// Returns the title of the pane.
    pub(crate) fn title(&self) -> String {
        match LESSONS.get(self.current) {
            Some(lesson) => {
                let done = if self.done[self.current].is_some() { " ✓" } else { "" };
                format!("lesson {} of {}{done}: {}", self.current + 1, LESSONS.len(), lesson.title)
            }
            None => "lessons".to_owned(),
        }
    }

    /// Returns the rows of the pane, each at most `columns` wide.
    pub(crate) fn rows(&self, columns: usize) -> Vec<(LessonRow, String)> {
        let mut rows = Vec::new();
        let mut add = |row: LessonRow, text: &str| rows.extend(wrap(text, columns).into_iter().map(|text| (row, text)));
        let report = |index: usize| Some((index, self.done.get(index)?.as_ref()?));
        if let Some((index, report)) = self.reported.and_then(report) {
            add(LessonRow::Report, &format!("✓ {}: {report}", index + 1));
            add(LessonRow::Report, "");
        }
        let Some(lesson) = LESSONS.get(self.current) else {
            add(LessonRow::Task, &self.last_words());
            return rows;
        };
        add(LessonRow::Task, lesson.task);
        if let Some(missing) = &self.missing {
            let needs_hint = self.misses >= MISSES && self.advice == Advice::None;
            let hint = if needs_hint { " /lesson hint helps." } else { "" };
            add(LessonRow::Missing, &format!("Not yet: {missing}.{hint}"));
        }
        match self.advice {
            Advice::None => {}
            Advice::Idea => add(LessonRow::Hint, &format!("{} (/lesson hint again: what to type)", lesson.idea)),
            Advice::Lines => {
                // If the user has made another attempt since the hint was shown, the sentence about
                // that attempt replaces the hint.
                if self.missing.is_none() {
                    add(LessonRow::Hint, lesson.hint);
                }
                for line in lesson.lines {
                    add(LessonRow::Line, if line.is_empty() { "(an empty line)" } else { line });
                }
            }
        }
        rows
    }

    /// Returns the sentences that are shown after the last lesson.
    fn last_words(&self) -> String {
        let left: Vec<String> =
            (1..).zip(&self.done).filter(|(_, done)| done.is_none()).map(|(number, _)| format!("{number}")).collect();
        if left.is_empty() {
            return "You have done every lesson. docs/src/build/index.md shows how to write such a server yourself. \
                    /lesson N repeats a lesson, and /lesson off closes this pane."
                .to_owned();
        }
        format!("This was the last lesson. Not done yet: {}. /lesson N opens one of them.", left.join(", "))
    }
}

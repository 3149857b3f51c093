//! What is written in the end.

use std::fmt::Write;

use serde::Serialize;

use crate::table::Table;

/// A part of the report: text and tables for people, and all measurements as data.
#[derive(Debug)]
pub(crate) struct Section {
    title: &'static str,
    text: String,
    data: serde_json::Value,
}

impl Section {
    pub(crate) fn new(title: &'static str, data: &impl Serialize) -> Self {
        let data = serde_json::to_value(data).unwrap_or_default();
        Self { title, text: format!("## {title}\n\n"), data }
    }

    /// Adds a paragraph.
    pub(crate) fn say(&mut self, paragraph: &str) {
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let width = word.chars().count();
            // As wide as the lines of the other pages.
            let space = if column + width >= 100 { "\n" } else { " " };
            if column > 0 {
                self.text.push_str(space);
            }
            column = if column == 0 || space == "\n" { width } else { column + 1 + width };
            self.text.push_str(word);
        }
        self.text.push_str("\n\n");
    }

    /// Adds a table.
    pub(crate) fn table(&mut self, table: &Table) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{table}");
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The title and the measurements, for the JSON file.
    pub(crate) fn into_data(self) -> (String, serde_json::Value) {
        (self.title.to_lowercase(), self.data)
    }
}

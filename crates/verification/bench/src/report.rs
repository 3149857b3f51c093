//! The report: text and tables as Markdown, and all measurements as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::table::MarkdownTable;

/// A section of the report.
#[derive(Debug)]
pub(crate) struct ReportSection {
    title: &'static str,
    text: String,
    data: serde_json::Value,
}

impl ReportSection {
    pub(crate) fn new(title: &'static str, data: &impl Serialize) -> Self {
        let data = serde_json::to_value(data).unwrap_or_default();
        Self { title, text: format!("## {title}\n\n"), data }
    }

    /// Adds a paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) {
        let mut column = 0;
        for word in text.split_whitespace() {
            let width = word.chars().count();
            // Wrap at the same width as the other pages.
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
    pub(crate) fn table(&mut self, table: &MarkdownTable) {
        // Writing to a `String` cannot fail, so ignore the result.
        let _ = write!(self.text, "{table}");
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the section's title and its measurements, for the JSON file.
    pub(crate) fn into_data(self) -> (String, serde_json::Value) {
        (self.title.to_lowercase(), self.data)
    }
}

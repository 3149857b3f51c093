//! Explains the selected record and the selected field.

use dissector::{Field, Record, printable};
use ratatui::text::Line;

use super::style::Styles;
use crate::screen::text::wrap;

/// Returns the rules that the record breaks.
pub(super) fn broken_rules(record: &Record, styles: Styles, columns: usize) -> Vec<Line<'static>> {
    let sentences = record.findings.iter().map(|finding| printable(&finding.to_string()).into_owned());
    sentences.flat_map(|sentence| wrap(&sentence, columns)).map(|row| Line::styled(row, styles.wrong())).collect()
}

/// Returns an explanation of the field: what its value means and why it exists.
pub(super) fn meaning(field: &Field, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if !field.meaning.is_empty() {
        lines
            .extend(wrap(&printable(&field.meaning), columns).into_iter().map(|row| Line::styled(row, Styles::bold())));
    }
    lines.extend(wrap(field.term.why, columns).into_iter().map(Line::raw));
    lines
}

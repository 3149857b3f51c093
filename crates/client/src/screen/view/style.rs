//! The colours of the screen, and the styles that replace them on a terminal without colours.
//!
//! The colours are the dissector's palette: pale backgrounds with dark ink. They are readable on
//! dark and on light terminals, and colour-blind people can tell them apart. All other text has the
//! terminal's default colours.

use dissector::{
    Direction, RecordPart,
    render::palette::{self, Colour, INK},
};
use ratatui::style::{Color, Modifier, Style};

/// The styles of everything on the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Styles {
    pub(super) colours: bool,
}

impl Styles {
    fn ink_on(self, colour: Colour) -> Style {
        if self.colours {
            Style::new().fg(Color::Indexed(INK.ansi)).bg(Color::Indexed(colour.ansi))
        } else {
            Style::new()
        }
    }

    /// Returns the style for the bytes in this part of a record.
    pub(super) fn part(self, part: RecordPart) -> Style {
        self.ink_on(palette::of(part))
    }

    /// Returns the style of the mark for a direction. Each direction also has a different mark, so
    /// that they can be told apart on a terminal without colours.
    pub(super) fn direction(self, direction: Direction) -> Style {
        self.ink_on(palette::of(match direction {
            Direction::ToServer => RecordPart::Opcode,
            Direction::ToClient => RecordPart::Payload,
        }))
    }

    /// Returns the style of a violation or an error.
    pub(super) fn wrong(self) -> Style {
        self.ink_on(palette::of(RecordPart::Fin)).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of the report on a lesson.
    pub(super) fn done(self) -> Style {
        self.ink_on(palette::of(RecordPart::Opcode)).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of the selected record or field: reverse video, on every terminal.
    #[expect(clippy::unused_self, reason = "beside the others")]
    pub(super) const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the style of less important text.
    pub(super) const fn quiet() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) const fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

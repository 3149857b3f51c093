//! Colours, and what replaces them on a terminal without colours.
//!
//! The colours are the dissector's palette: pale backgrounds with dark ink, which can be read on
//! dark and on light terminals and told apart by people who see fewer colours. All other text has
//! the terminal's own colours.

use dissector::{
    Direction, RecordPart,
    render::palette::{self, Colour, INK},
};
use ratatui::style::{Color, Modifier, Style};

/// The styles of everything that is drawn.
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

    /// The bytes of a part of a record.
    pub(super) fn part(self, part: RecordPart) -> Style {
        self.ink_on(palette::of(part))
    }

    /// The mark of a direction. The two marks are also different characters.
    pub(super) fn direction(self, direction: Direction) -> Style {
        self.ink_on(palette::of(match direction {
            Direction::ToServer => RecordPart::Opcode,
            Direction::ToClient => RecordPart::Payload,
        }))
    }

    /// A violation or an error.
    pub(super) fn wrong(self) -> Style {
        self.ink_on(palette::of(RecordPart::Fin)).add_modifier(Modifier::BOLD)
    }

    /// The selected record or field. It is reversed on every terminal.
    #[expect(clippy::unused_self, reason = "beside the others")]
    pub(super) const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Less important text.
    pub(super) const fn quiet() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) const fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

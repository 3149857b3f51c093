//! Colours, or what takes their place.
//!
//! They are the dissector's palette: pale, with dark ink on them, so they read on dark and on light terminals, and can be
//! told apart by people who see fewer colours. Text in no colour of ours is in the terminal's own.

use dissector::{
    Direction, RecordPart,
    render::palette::{self, Colour, INK},
};
use ratatui::style::{Color, Modifier, Style};

/// How things look.
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

    /// Bytes of a part of a unit.
    pub(super) fn part(self, part: RecordPart) -> Style {
        self.ink_on(palette::of(part))
    }

    /// The mark of a direction. The marks differ in their character too.
    pub(super) fn direction(self, direction: Direction) -> Style {
        self.ink_on(palette::of(match direction {
            Direction::ToServer => RecordPart::Opcode,
            Direction::ToClient => RecordPart::Payload,
        }))
    }

    /// Something that is wrong.
    pub(super) fn wrong(self) -> Style {
        self.ink_on(palette::of(RecordPart::Fin)).add_modifier(Modifier::BOLD)
    }

    /// What is chosen. Reversed on every terminal.
    #[expect(clippy::unused_self, reason = "beside the others")]
    pub(super) const fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is less important.
    pub(super) const fn quiet() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) const fn bold() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

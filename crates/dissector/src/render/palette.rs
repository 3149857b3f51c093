//! The colours of the parts of a record, on the terminal and in figures.
//!
//! The colours are pale backgrounds for dark text, so they look the same on dark and light
//! terminals. A test verifies that people with a colour vision deficiency can tell them apart. No
//! rendering relies on colour alone.

use anstyle::{Ansi256Color, Color, Style};

use crate::glossary::RecordPart;

/// A colour as an RGB value, with its number in a terminal's 256-colour palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// The red, green and blue components.
    pub rgb: [u8; 3],
    /// The number in a terminal's 256-colour palette. It is never below 16, because users can
    /// redefine the first 16 colours.
    pub ansi: u8,
}

/// The dark colour for text on a coloured background.
pub const INK: Colour = Colour { rgb: [0x0B, 0x13, 0x24], ansi: 16 };

/// Returns the colour of a part of a record.
#[must_use]
pub const fn of(part: RecordPart) -> Colour {
    match part {
        RecordPart::Fin => Colour { rgb: [0xFF, 0x87, 0x5F], ansi: 209 },
        RecordPart::Reserved | RecordPart::Header => Colour { rgb: [0x87, 0x87, 0xAF], ansi: 103 },
        RecordPart::Opcode | RecordPart::StartLine => Colour { rgb: [0xFF, 0xD7, 0x5F], ansi: 221 },
        RecordPart::Mask | RecordPart::Handshake => Colour { rgb: [0xD7, 0x87, 0xFF], ansi: 177 },
        RecordPart::Length => Colour { rgb: [0x5F, 0xD7, 0xAF], ansi: 79 },
        RecordPart::Payload => Colour { rgb: [0xAF, 0xD7, 0xFF], ansi: 153 },
    }
}

impl Colour {
    /// Formats the colour as `#rrggbb`.
    #[must_use]
    pub fn hex(self) -> String {
        let [red, green, blue] = self.rgb;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Returns the terminal style for dark text on this colour.
    #[must_use]
    pub fn style(self) -> Style {
        let colour = |colour: Self| Some(Color::Ansi256(Ansi256Color(colour.ansi)));
        Style::new().fg_color(colour(INK)).bg_color(colour(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [RecordPart; 9] = [
        RecordPart::Fin,
        RecordPart::Reserved,
        RecordPart::Opcode,
        RecordPart::Mask,
        RecordPart::Length,
        RecordPart::Payload,
        RecordPart::StartLine,
        RecordPart::Handshake,
        RecordPart::Header,
    ];

    /// Returns the colour with this number in xterm's palette. The numbers from 16 to 231 form a
    /// colour cube with six levels for each component, and the numbers from 232 upward are greys.
    fn of_terminal(number: u8) -> [u8; 3] {
        match number {
            232.. => [8 + 10 * (number - 232); 3],
            _ => {
                let index = number - 16;
                [index / 36, index / 6 % 6, index % 6].map(|level| if level == 0 { 0 } else { 55 + 40 * level })
            }
        }
    }

    #[test]
    fn a_terminal_shows_the_same_colours_as_a_figure() {
        for part in PARTS {
            assert_eq!(of_terminal(of(part).ansi), of(part).rgb, "{part:?}");
        }
    }

    fn linear([red, green, blue]: [u8; 3]) -> [f64; 3] {
        [red, green, blue].map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Converts linear RGB to Oklab, a colour space in which the distance between two colours
    /// matches the perceived difference (Ottosson 2020).
    fn oklab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        ]
    }

    /// Matrices that convert a colour to the one seen by a person who lacks one kind of cone
    /// (Machado, Oliveira and Fernandes 2009, severity 1.0).
    const BLINDNESS: [(&str, [[f64; 3]; 3]); 4] = [
        ("none", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn seen(colour: [u8; 3], matrix: &[[f64; 3]; 3]) -> [f64; 3] {
        let colour = linear(colour);
        oklab(matrix.map(|row| row.iter().zip(colour).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0)))
    }

    #[test]
    fn the_parts_of_a_frame_can_be_told_apart_by_everybody() {
        let parts = &PARTS[..6];
        for (blindness, matrix) in &BLINDNESS {
            for (index, &one) in parts.iter().enumerate() {
                for &other in &parts[index + 1..] {
                    let (a, b) = (seen(of(one).rgb, matrix), seen(of(other).rgb, matrix));
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    // The smallest visible difference is about 0.02. Require more than four times
                    // as much, so that the parts differ clearly.
                    assert!(distance > 0.09, "{one:?} and {other:?} with {blindness}: {distance:.3}");
                }
            }
        }
    }

    #[test]
    fn dark_text_on_each_colour_is_legible() {
        let luminance = |colour: Colour| {
            let [red, green, blue] = linear(colour.rgb);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        for part in PARTS {
            let contrast = (luminance(of(part)) + 0.05) / (luminance(INK) + 0.05);
            assert!(contrast >= 4.5, "{part:?}: {contrast:.1}, but WCAG 2 requires 4.5");
        }
    }
}

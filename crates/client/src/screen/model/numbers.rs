//! Records the numbers in JSON messages over time.

use std::collections::VecDeque;

/// The maximum number of values in a series, which is also the number of columns of the widest
/// chart.
const VALUES_MAX: usize = 240;

/// The maximum number of series. Later series are ignored. Without a limit, a server could make the
/// client create any number of them.
const SERIES_MAX: usize = 12;

/// The values of one number over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NumberSeries {
    pub(crate) name: String,
    /// The values, oldest first.
    pub(crate) values: VecDeque<f64>,
}

/// The numbers in the messages that the server sent.
#[derive(Debug, Default)]
pub(crate) struct NumberHistory {
    pub(crate) series: Vec<NumberSeries>,
}

impl NumberHistory {
    /// Adds the numbers of a message.
    pub(super) fn add<'a>(&mut self, numbers: impl Iterator<Item = (&'a str, f64)>) {
        for (name, value) in numbers {
            let index = self.series.iter().position(|series| series.name == name);
            let index = match index {
                Some(index) => index,
                None if self.series.len() < SERIES_MAX => {
                    self.series.push(NumberSeries { name: name.to_owned(), values: VecDeque::new() });
                    self.series.len() - 1
                }
                None => continue,
            };
            let values = &mut self.series[index].values;
            if values.len() == VALUES_MAX {
                values.pop_front();
            }
            values.push_back(value);
        }
    }
}

impl NumberSeries {
    /// Returns one bar for each of the newest values, up to `width` bars in total. The lowest of
    /// these values gets the lowest bar. If all of them are equal, the bars are at half height.
    pub(crate) fn bars(&self, width: usize) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let shown = self.values.iter().skip(self.values.len().saturating_sub(width));
        let (low, high) = shown.clone().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        shown
            .map(|value| {
                if high <= low {
                    return BARS[3];
                }
                // The rounded value is a whole number from 0 to 7, so the conversion loses nothing.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let index = ((value - low) / (high - low) * 7.0).round() as usize;
                BARS[index.min(7)]
            })
            .collect()
    }

    /// Formats the newest value compactly: `3.002`, `4.71M`.
    pub(crate) fn newest(&self) -> String {
        self.values.back().map_or_else(String::new, |&value| short_number(value))
    }
}

/// Formats a number compactly: a whole number below a million in full, any other number below a
/// million with three decimals, and a larger number with two decimals and a unit.
fn short_number(value: f64) -> String {
    let size = value.abs();
    for (from, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")] {
        if size >= from {
            return format!("{:.2}{unit}", value / from);
        }
    }
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_of_numbers_is_bounded() {
        let mut numbers = NumberHistory::default();
        for value in 0..300 {
            numbers.add([("n", f64::from(value)), ("f", 0.5)].into_iter());
        }
        assert_eq!(numbers.series.len(), 2);
        assert_eq!(numbers.series[0].values.len(), VALUES_MAX);
        assert_eq!(numbers.series[0].newest(), "299");
        assert_eq!(numbers.series[0].bars(8), "▁▂▃▄▅▆▇█");
        assert_eq!(numbers.series[1].bars(3), "▄▄▄");
        let names: Vec<String> = (0..100).map(|n| format!("k{n}")).collect();
        numbers.add(names.iter().map(|name| (name.as_str(), 1.0)));
        assert_eq!(numbers.series.len(), SERIES_MAX);
    }

    #[test]
    fn large_numbers_take_few_columns() {
        for (value, text) in
            [(0.0, "0"), (-3.0, "-3"), (3.0021, "3.002"), (999_999.0, "999999"), (4_710_400.0, "4.71M")]
        {
            assert_eq!(short_number(value), text);
        }
    }
}

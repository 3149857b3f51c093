//! Formats the list of completions. If the list is longer than a line, each press of Tab shows the
//! next part.

/// The space between two names.
const GAP: &str = "  ";

/// Lists as many names as fit in `columns` columns, starting at the index `first`. If some names do
/// not fit, a note at the end of the line says which part of the list it shows.
///
/// Returns the line and the index at which the next line starts. After the last name, that index is
/// 0 again.
pub(super) fn completion_list(names: &[&str], first: usize, columns: usize) -> (String, usize) {
    let all = names.join(GAP);
    if all.len() <= columns {
        return (all, 0);
    }
    let position = |next| format!("{GAP}({}-{next} of {}; Tab: more)", first + 1, names.len());
    let room = columns.saturating_sub(position(names.len()).len());
    // The first name is listed even if it does not fit. Otherwise, the list would never advance
    // past that name.
    let mut next = first + 1;
    let mut used = names.get(first).map_or(0, |name| name.len());
    while let Some(name) = names.get(next) {
        used += GAP.len() + name.len();
        if used > room {
            break;
        }
        next += 1;
    }
    let next = next.min(names.len());
    let line = names.get(first..next).unwrap_or_default().join(GAP) + &position(next);
    (line, if next < names.len() { next } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_one_line() {
        assert_eq!(completion_list(&["one", "two"], 0, 8), ("one  two".to_owned(), 0));
    }

    #[test]
    fn every_name_is_listed_once_in_a_round() {
        let names: Vec<String> = (0..60).map(|number| format!("name-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for columns in [0, 10, 40, 80, 120, 200] {
            let (mut seen, mut first) = (Vec::new(), 0);
            loop {
                let (line, next) = completion_list(&names, first, columns);
                assert!(line.len() <= columns.max(GAP.len() + "name-00 (00-00 of 60; Tab: more)".len()), "{line}");
                let (listed, _) = line.split_once("  (").expect("the position");
                seen.extend(listed.split(GAP).map(str::to_owned));
                first = next;
                if first == 0 {
                    break;
                }
            }
            assert_eq!(seen, names, "{columns} columns");
        }
    }

    #[test]
    fn a_line_ends_with_its_position_in_the_list() {
        let names = ["alpha-beta", "gamma-delta", "epsilon-zeta", "eta-theta"];
        assert_eq!(completion_list(&names, 0, 47), ("alpha-beta  gamma-delta  (1-2 of 4; Tab: more)".to_owned(), 2));
        assert_eq!(completion_list(&names, 2, 47), ("epsilon-zeta  eta-theta  (3-4 of 4; Tab: more)".to_owned(), 0));
    }
}

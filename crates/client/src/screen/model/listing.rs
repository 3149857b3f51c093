//! What Tab lists when there is more than a line of it: a part, and with the next Tab the next one.

/// Between two names.
const GAP: &str = "  ";

/// As many of the names from `first` on as fit into so many columns, and where they stand among all. Gives the line, and
/// with which name the next one begins: with the first again after the last.
pub(crate) fn part(names: &[&str], first: usize, columns: usize) -> (String, usize) {
    let all = names.join(GAP);
    if all.len() <= columns {
        return (all, 0);
    }
    let where_they_stand = |next| format!("{GAP}({}-{next} of {}; Tab: more)", first + 1, names.len());
    let room = columns.saturating_sub(where_they_stand(names.len()).len());
    // A name that is too long is shown all the same: otherwise it would never be passed.
    let mut next = first + 1;
    let mut taken = names.get(first).map_or(0, |name| name.len());
    while let Some(name) = names.get(next) {
        taken += GAP.len() + name.len();
        if taken > room {
            break;
        }
        next += 1;
    }
    let next = next.min(names.len());
    let line = names.get(first..next).unwrap_or_default().join(GAP) + &where_they_stand(next);
    (line, if next < names.len() { next } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_listed_at_once() {
        assert_eq!(part(&["one", "two"], 0, 8), ("one  two".to_owned(), 0));
    }

    #[test]
    fn every_name_is_seen_once_in_a_round() {
        let names: Vec<String> = (0..60).map(|number| format!("name-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for columns in [0, 10, 40, 80, 120, 200] {
            let (mut seen, mut first) = (Vec::new(), 0);
            loop {
                let (line, next) = part(&names, first, columns);
                assert!(line.len() <= columns.max(GAP.len() + "name-00 (00-00 of 60; Tab: more)".len()), "{line}");
                let (listed, _) = line.split_once("  (").expect("it tells where they stand");
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
    fn the_line_says_where_its_names_stand() {
        let names = ["alpha-beta", "gamma-delta", "epsilon-zeta", "eta-theta"];
        assert_eq!(part(&names, 0, 47), ("alpha-beta  gamma-delta  (1-2 of 4; Tab: more)".to_owned(), 2));
        assert_eq!(part(&names, 2, 47), ("epsilon-zeta  eta-theta  (3-4 of 4; Tab: more)".to_owned(), 0));
    }
}

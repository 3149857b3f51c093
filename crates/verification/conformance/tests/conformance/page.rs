//! The chapter on conformance, compared with the baselines.

use std::{fs, path::Path};

use conformance::{
    baseline::Baseline, implementation::Implementation, table::table, tested_role::TestedRole, verdict::CaseResults,
};

#[test]
fn the_page_shows_the_committed_baselines() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/src/conformance.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    let baselines = Implementation::ALL.map(|of| {
        let text = fs::read_to_string(of.baseline()).expect("the baseline can be read");
        Baseline::parse(&text).expect("the baseline is valid")
    });
    for baseline in &baselines {
        let Baseline { of, date, suite, .. } = baseline;
        for part in [of, date, suite] {
            assert!(page.contains(part), "the page does not mention {part:?}");
        }
    }
    for role in TestedRole::ALL {
        // The table shows the implementations that were tested with the whole suite.
        let columns = Implementation::ALL.iter().zip(&baselines).filter(|(of, _)| !of.is_another_byte_stream());
        let columns: Vec<(String, &CaseResults)> =
            columns.map(|(of, baseline)| (of.name().to_owned(), &baseline.results[&role])).collect();
        let table = table(&columns);
        assert!(page.contains(&table), "the page should have this table for the {role}s:\n\n{table}");
    }
}

//! The book is quick to build and to load.

use std::{fs, path::Path, time::Duration};

use crate::rendered::book;

/// A page of this size loads in about a second over a slow mobile network, and a browser draws it
/// at once.
const MAX_PAGE_BYTES: u64 = 300_000;
/// An author waits for a build after each change, so it must be short.
const MAX_BUILD_TIME: Duration = Duration::from_secs(60);

#[test]
fn a_page_is_smaller_than_300_kilobytes() {
    let book = book();
    for path in book.pages.keys() {
        // The print version contains all pages.
        if path == Path::new("print.html") {
            continue;
        }
        let bytes = fs::metadata(book.path().join(path)).unwrap().len();
        assert!(bytes < MAX_PAGE_BYTES, "{} has {bytes} bytes", path.display());
    }
}

#[test]
fn the_book_is_built_within_a_minute() {
    let time = book().time;
    assert!(time < MAX_BUILD_TIME, "{time:?}");
}

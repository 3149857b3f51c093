//! The blocks of bytes in this repository's pages. A block that does not match its page's
//! description fails the build.

use std::{fs, path::Path};

use crate::rendered::book;

#[test]
fn every_block_of_bytes_is_explained() {
    let book = book();
    let mut explained = 0;
    for path in book.pages.keys() {
        // The print version contains all pages.
        if path == Path::new("print.html") {
            continue;
        }
        let text = fs::read_to_string(book.path().join(path)).unwrap();
        assert!(!text.contains("<!-- wire: to"), "{} has a mark without bytes", path.display());
        explained += text.matches("data-f=").count();
    }
    assert!(explained > 2000, "only {explained} bytes are explained");
}

//! The bytes in the pages of this repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The maximum size of a page, in bytes, so that it loads quickly on a phone.
const MAX_PAGE: usize = 300_000;

/// Returns all HTML files in a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let html = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "html"));
    html.chain(folders.iter().flat_map(|folder| pages(folder))).collect()
}

#[test]
fn every_block_of_bytes_is_as_its_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = tempfile::tempdir().expect("a folder");
    book::build(&root, output.path(), book::SERVER_PORT).expect("every mark is right");
    let mut explained = 0;
    for page in pages(output.path()) {
        let text = fs::read_to_string(&page).expect("the page can be read");
        let name = page.file_name().expect("a file").to_string_lossy().into_owned();
        // The print version contains all pages.
        if name == "print.html" {
            continue;
        }
        assert!(text.len() <= MAX_PAGE, "{name} has {} bytes", text.len());
        assert!(!text.contains("<!-- wire: to"), "{name} has a mark without bytes");
        explained += text.matches("data-f=").count();
    }
    assert!(explained > 2000, "only {explained} bytes are explained");
}

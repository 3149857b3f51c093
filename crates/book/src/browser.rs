//! Opens a page in the user's browser.

use std::ffi::OsStr;

/// Opens a page, given as a URL or a path. If no browser can be opened, for example over SSH, the
/// function only prints the error, because the user can still open the page elsewhere.
pub(crate) fn open(page: impl AsRef<OsStr>) {
    if let Err(error) = opener::open_browser(page) {
        eprintln!("No browser can be opened: {error}");
    }
}

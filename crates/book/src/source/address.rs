//! The address of a place in the source, written as the query of a page's URL.
//!
//! ```text
//! closing.html?source=crates/protocol/src/connection/closing.rs:Closing::state#the-states
//!                     file                                      item
//! rfc6455.html?source=crates/protocol/src/utf8.rs:Utf8Validator@rfc6455-8-1-rule-1
//!                     file                        item          cited rule
//! ```
//!
//! An address contains no line number, so it remains valid when the file changes. The fragment of
//! the URL is not part of the address: it names a place on the page.

/// Returns the address of a file or a folder, or of an item or a cited rule in it.
pub(super) fn of(path: &str, item: Option<&str>, rule: Option<&str>) -> String {
    // mdBook treats a target that ends in `.md` as a chapter, and changes the ending to `.html`.
    let path = path.strip_suffix(".md").map_or_else(|| path.to_owned(), |stem| format!("{stem}%2Emd"));
    let item = item.map_or_else(String::new, |item| format!(":{item}"));
    let rule = rule.map_or_else(String::new, |rule| format!("@{rule}"));
    format!("?source={path}{item}{rule}")
}

/// Returns the address as a link on `page`. The link names the page, so that it also works in the
/// print version.
pub(super) fn in_page(page: &str, address: &str) -> String {
    let name = page.rsplit('/').next().unwrap_or(page);
    format!("{}.html{address}", name.strip_suffix(".md").unwrap_or(name))
}

//! The page that a browser gets at `/`. It shows the frames of its own connection, which come from
//! [`wire`](crate::wire), and the stats, which arrive live over a WebSocket.
//!
//! The page consists of the files beside this one and loads nothing else: no library, no font, no
//! picture. Much of the displayed data was sent by other clients, so the scripts insert it as text
//! and never as markup. The headers of the response make the browser enforce these two rules.
//!
//! * `index.html` and `page.css`: the page and its appearance.
//! * `main.js`: the script that connects the parts below, and handles the forms and keys of the
//!   whole page.
//! * `connection.js`: the connection, its viewer, and the decision about when to reconnect.
//! * `log.js`: the records that the page keeps, up to a limit, and the code that filters and finds
//!   them.
//! * `list.js`: the list of records, in which only the visible rows exist as elements.
//! * `detail.js`: one record, its bytes, its fields, and the explanation of one field.
//! * `ending.js`: how a connection ended, as the script sees it and as it was on the wire.
//! * `stats.js`: the numbers from the pushes, as a table and as charts.
//! * `export.js`: copying to the clipboard, and downloading files.
//! * `pcapng.js`: a file for Wireshark, made from the records.
//! * `book.js`: links into the book.
//! * `dom.js`: helper functions for elements and text.
//!
//! | file | what it does |
//! |---|---|
//! | `rules` | the choice of `/break/RULE`, from the [`laboratory`] |

mod rules;

use std::sync::LazyLock;

use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

/// The page, including the list of rules that the server can break.
static PAGE: LazyLock<String> =
    LazyLock::new(|| include_str!("index.html").replace("<!-- RULES -->", &rules::options()));

/// The part of the path before a file's name.
const PATH: &str = "/page/";

/// The files that the page loads, each with its name.
const FILES: [(&str, &str); 12] = [
    ("page.css", include_str!("page.css")),
    ("main.js", include_str!("main.js")),
    ("connection.js", include_str!("connection.js")),
    ("log.js", include_str!("log.js")),
    ("list.js", include_str!("list.js")),
    ("detail.js", include_str!("detail.js")),
    ("ending.js", include_str!("ending.js")),
    ("stats.js", include_str!("stats.js")),
    ("export.js", include_str!("export.js")),
    ("pcapng.js", include_str!("pcapng.js")),
    ("book.js", include_str!("book.js")),
    ("dom.js", include_str!("dom.js")),
];

/// The address at which `cargo run -p book` serves the book. When the user follows a link into the
/// book, the page checks whether a server answers at this address.
const BOOK: &str = "http://127.0.0.1:8090";

/// Returns the page with a content security policy that lets the browser run only the page's own
/// scripts.
pub(crate) fn response() -> Response<String> {
    // The browser applies a style only if the style's element has this value as its `nonce`. It
    // runs a script only if the script's element has this `nonce`, or if a script with this `nonce`
    // imports it. The value is new for each response, so an injected script cannot know it and does
    // not run. `require-trusted-types-for` makes `innerHTML` and similar sinks reject plain
    // strings, and `trusted-types 'none'` stops scripts from creating the values that those sinks
    // would accept. So no script can turn text into markup that way.
    let nonce = format!("{:032x}", rand::random::<u128>());
    let mut response = respond("text/html; charset=utf-8", PAGE.replace("NONCE", &nonce));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self' {BOOK}; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Returns the file of the page at `path`, or `None` if the page has no such file.
pub(crate) fn file(path: &str) -> Option<Response<String>> {
    let wanted = path.strip_prefix(PATH)?;
    let (name, contents) = FILES.into_iter().find(|(name, _)| *name == wanted)?;
    let content_type =
        if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    Some(respond(content_type, contents.to_owned()))
}

/// Returns a response that a browser must neither cache nor interpret as another content type. If
/// the browser cached a file, a newer server's page could run an older server's script.
fn respond(content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    /// Returns the characters of the class `HARMFUL` in `dom.js`, except for the control characters.
    fn harmful_in_the_page() -> Vec<RangeInclusive<char>> {
        let class = include_str!("dom.js").split_once("const HARMFUL = new RegExp(").expect("the class").1;
        let class: String = class.split_once(", \"gu\")").expect("its end").0.split('"').skip(1).step_by(2).collect();
        let escapes = class.strip_prefix(r"[\\p{Cc}").and_then(|rest| rest.strip_suffix(']')).expect("a class");
        let character = |escape: &str| {
            let digits = escape.trim_matches(['{', '}']);
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or_else(|| panic!("{escape}"))
        };
        let mut ranges: Vec<RangeInclusive<char>> = Vec::new();
        let mut is_range = false;
        for escape in escapes.split(r"\\u").skip(1) {
            let (escape, continues) = escape.strip_suffix('-').map_or((escape, false), |start| (start, true));
            let last = character(escape);
            let first = if is_range { *ranges.pop().expect("the start of the range").start() } else { last };
            ranges.push(first..=last);
            is_range = continues;
        }
        ranges
    }

    /// The page receives unescaped text, so it must escape these characters itself.
    #[test]
    fn the_page_escapes_the_same_characters_as_the_dissector() {
        let ranges = harmful_in_the_page();
        for character in '\0'..=char::MAX {
            let in_the_page = character.is_control() || ranges.iter().any(|range| range.contains(&character));
            assert_eq!(in_the_page, dissector::is_harmful(character), "{character:?}");
        }
    }
}

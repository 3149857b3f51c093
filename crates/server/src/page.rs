//! The page that a browser gets at `/`: the stats, live from a WebSocket, and the frames of that
//! WebSocket, which come from [`wire`](crate::wire).
//!
//! The page is one file and loads nothing else: no library, no font, no picture. Much of the
//! displayed data was sent by other clients, so the script inserts it as text and never as markup.
//! The headers of the response make the browser enforce these two rules.

use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

const PAGE: &str = include_str!("page.html");

/// Returns the page with a content security policy that lets the browser run only the page's own
/// script.
pub(crate) fn response() -> Response<String> {
    // The browser runs a script or applies a style only if its `nonce` attribute has this value.
    // The value is new for each response, so an injected script cannot know it and does not run.
    // `require-trusted-types-for` makes `innerHTML` and similar sinks reject plain strings, and
    // `trusted-types 'none'` stops scripts from creating the values that those sinks would accept.
    // So no script can turn text into markup that way.
    let nonce = format!("{:032x}", rand::random::<u128>());
    let mut response = Response::new(PAGE.replace("NONCE", &nonce));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

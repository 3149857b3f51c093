//! The page that a browser gets at `/`: the stats, live from a WebSocket, and that WebSocket's own wire, which comes from
//! [`wire`](crate::wire).
//!
//! It is one file, and asks for nothing from anywhere: no library, no font, no picture. Much of what it shows was sent by
//! others, so it is written as text and never as markup, and the browser is told to enforce both.

use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

const PAGE: &str = include_str!("page.html");

/// The page, with a policy that lets the browser run nothing but what is in it.
pub(crate) fn response() -> Response<String> {
    // The page's script and style are known by this word, new each time: whatever else gets into the page does not run.
    // Trusted types are those that markup may be made from, as by innerHTML. There are none: whoever tries fails.
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

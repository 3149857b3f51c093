//! Conversions into a [`Uri`] from text, `http::Uri`, `url::Url` and `&Uri`.

use std::convert::Infallible;

use crate::{
    uri::{Uri, UriError},
    usage_error::UsageError,
};

/// Implements `TryFrom` for types that are converted by parsing their text.
macro_rules! try_from {
    ($($input:ty, $name:ident => $text:expr;)*) => {$(
        impl TryFrom<$input> for Uri {
            type Error = UriError;

            fn try_from($name: $input) -> Result<Self, UriError> {
                str::parse($text)
            }
        }
    )*};
}

try_from! {
    &str, text => text;
    &String, text => text;
    String, text => &text;
    &http::Uri, uri => &uri.to_string();
    http::Uri, uri => &uri.to_string();
}

#[cfg(feature = "url")]
try_from! {
    &url::Url, url => url.as_str();
    url::Url, url => url.as_str();
}

/// Clones the URI. A function that accepts anything convertible into a [`Uri`] therefore also
/// accepts a `&Uri`.
impl From<&Uri> for Uri {
    fn from(uri: &Uri) -> Self {
        uri.clone()
    }
}

/// Never called, because the conversion of a [`Uri`] into a [`Uri`] cannot fail.
impl From<Infallible> for UsageError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

//! Finds the proxy that environment variables specify for a URI. The rules are curl's, with the two
//! exceptions described below the table.
//!
//! | for | variables, the first that is not empty counts |
//! |---|---|
//! | `ws://` | `http_proxy`, `HTTP_PROXY`, `all_proxy`, `ALL_PROXY` |
//! | `wss://` | `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` |
//! | hosts without a proxy | `no_proxy`, `NO_PROXY` |
//!
//! If a web server starts a program (CGI), each header field of the request becomes an environment
//! variable, so a client can set `HTTP_PROXY` by sending the header field `Proxy:`. `HTTP_PROXY` is
//! therefore ignored if `REQUEST_METHOD` is set, as it is in such a program. curl ignores
//! `HTTP_PROXY` in every program.
//!
//! `localhost` and loopback addresses never need a proxy: they refer to the client's own computer,
//! but a proxy would connect to itself. Browsers and Go make the same exception. curl does not.

use std::{env, ffi::OsString, net::IpAddr};

use protocol::Uri;

use super::{
    error::{ProxyUrlError, ProxyVariableError},
    no_proxy::NoProxy,
    url::Proxy,
};

impl Proxy {
    /// Returns the proxy that the environment variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`
    /// and `NO_PROXY`, or their lower-case forms, specify for `uri`. `None` means that no proxy is
    /// needed. A host on this computer (`localhost` or a loopback address) never needs one.
    ///
    /// # Errors
    /// [`ProxyVariableError`] if the variable that applies does not contain the URL of a proxy.
    pub fn from_env(uri: &Uri) -> Result<Option<Self>, ProxyVariableError> {
        choose(uri, env::var_os)
    }
}

/// Chooses the proxy for `uri` from the environment variables, whose values `get` returns.
fn choose(uri: &Uri, get: impl Fn(&'static str) -> Option<OsString>) -> Result<Option<Proxy>, ProxyVariableError> {
    let get = |name: &'static str| get(name).filter(|value| !value.is_empty()).map(|value| (name, value));
    let names: &[&str] = match (uri.secure(), get("REQUEST_METHOD")) {
        (true, _) => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        (false, None) => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        (false, Some(_)) => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let Some((variable, url)) = names.iter().find_map(|name| get(name)) else { return Ok(None) };
    let exempt = ["no_proxy", "NO_PROXY"].into_iter().find_map(get);
    // An entry that is not UTF-8 cannot be a host name, but the other entries of the list still
    // count.
    let is_exempt = |list: OsString| NoProxy(&list.to_string_lossy()).contains(uri.host());
    if is_this_computer(uri.host()) || exempt.is_some_and(|(_, list)| is_exempt(list)) {
        return Ok(None);
    }
    // A value that is not UTF-8 is an error. If its invalid bytes were replaced, the proxy would
    // get a wrong user name or password. If the value were ignored, the client would connect
    // without a proxy.
    let proxy = url.to_str().ok_or(ProxyUrlError::NotUtf8).and_then(|url| url.trim().parse());
    proxy.map(Some).map_err(|error| ProxyVariableError { variable, error })
}

fn is_this_computer(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    name == "localhost" || name.ends_with(".localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chooses the proxy for `uri` from `variables`, each of which is written as `NAME=VALUE`.
    fn chosen(uri: &str, variables: &[&str]) -> Result<Option<String>, ProxyVariableError> {
        let get = |name: &str| {
            let mut pairs = variables.iter().filter_map(|pair| pair.split_once('='));
            pairs.find(|(found, _)| *found == name).map(|(_, value)| value.into())
        };
        Ok(choose(&uri.parse().unwrap(), get)?.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn the_variables_choose_the_proxy() {
        for (uri, variables, proxy) in [
            ("ws://h/", &[][..], None),
            ("ws://h/", &["http_proxy=http://p:1"], Some("http://p:1")),
            ("ws://h/", &["HTTP_PROXY=http://p:1"], Some("http://p:1")),
            ("ws://h/", &["HTTPS_PROXY=http://p:1"], None),
            ("ws://h:443/", &["HTTPS_PROXY=http://p:1"], None),
            ("wss://h/", &["https_proxy=http://p:1"], Some("http://p:1")),
            ("wss://h/", &["HTTPS_PROXY=socks5h://p"], Some("socks5h://p:1080")),
            ("wss://h/", &["HTTP_PROXY=http://p:1"], None),
            ("ws://h/", &["ALL_PROXY=socks5://p:1"], Some("socks5://p:1")),
            ("wss://h/", &["all_proxy=p:1"], Some("http://p:1")),
            // The more specific variable takes precedence. Between two spellings of one name, the
            // lower-case one takes precedence.
            ("ws://h/", &["ALL_PROXY=http://all:1", "HTTP_PROXY=http://http:1"], Some("http://http:1")),
            ("ws://h/", &["HTTP_PROXY=http://upper:1", "http_proxy=http://lower:1"], Some("http://lower:1")),
            ("wss://h/", &["ALL_PROXY=http://upper:1", "all_proxy=http://lower:1"], Some("http://lower:1")),
            // An empty variable counts as not set.
            ("ws://h/", &["http_proxy=", "ALL_PROXY=http://all:1"], Some("http://all:1")),
            ("ws://h/", &["http_proxy="], None),
            // There are no variables for the WebSocket schemes.
            ("ws://h/", &["ws_proxy=http://p:1", "WS_PROXY=http://p:1"], None),
            // CGI: a request's header field `Proxy` sets HTTP_PROXY.
            ("ws://h/", &["REQUEST_METHOD=GET", "HTTP_PROXY=http://evil:1"], None),
            (
                "ws://h/",
                &["REQUEST_METHOD=GET", "HTTP_PROXY=http://evil:1", "ALL_PROXY=http://p:1"],
                Some("http://p:1"),
            ),
            ("ws://h/", &["REQUEST_METHOD=GET", "http_proxy=http://p:1"], Some("http://p:1")),
            ("wss://h/", &["REQUEST_METHOD=GET", "HTTPS_PROXY=http://p:1"], Some("http://p:1")),
            // Hosts without a proxy.
            ("ws://h/", &["http_proxy=http://p:1", "NO_PROXY=g,h"], None),
            ("ws://h/", &["http_proxy=http://p:1", "no_proxy=g", "NO_PROXY=h"], Some("http://p:1")),
            ("ws://h/", &["http_proxy=http://p:1", "no_proxy=", "NO_PROXY=h"], None),
            ("wss://a.h:8443/", &["ALL_PROXY=http://p:1", "no_proxy=.h"], None),
            ("wss://[2001:db8::1]/", &["ALL_PROXY=http://p:1", "no_proxy=2001:db8::/32"], None),
            ("wss://h/", &["ALL_PROXY=http://p:1", "no_proxy=*"], None),
            // This computer.
            ("ws://127.0.0.1:8080/", &["ALL_PROXY=http://p:1"], None),
            ("ws://127.1.2.3/", &["ALL_PROXY=http://p:1"], None),
            ("ws://[::1]/", &["ALL_PROXY=http://p:1"], None),
            ("ws://[::ffff:127.0.0.1]/", &["ALL_PROXY=http://p:1"], None),
            ("wss://localhost./", &["ALL_PROXY=http://p:1"], None),
            ("wss://app.localhost/", &["ALL_PROXY=http://p:1"], None),
            ("ws://localhost.example/", &["ALL_PROXY=http://p:1"], Some("http://p:1")),
            ("ws://192.168.1.2/", &["ALL_PROXY=http://p:1"], Some("http://p:1")),
        ] {
            assert_eq!(chosen(uri, variables), Ok(proxy.map(str::to_owned)), "{uri} {variables:?}");
        }
    }

    /// Ignoring an invalid value, as hyper-util does, for example, would make the program connect
    /// without the proxy that its user has asked for.
    #[test]
    fn a_value_that_is_no_proxy_is_an_error() {
        for (value, error) in [
            ("ftp://p:1", ProxyUrlError::Scheme),
            ("socks4://p:1", ProxyUrlError::Scheme),
            ("http://p/path", ProxyUrlError::Path),
        ] {
            let chosen = chosen("wss://h/", &[&format!("HTTPS_PROXY={value}")]);
            assert_eq!(chosen, Err(ProxyVariableError { variable: "HTTPS_PROXY", error }), "{value}");
        }
        // An invalid value does not matter if the variable does not apply to the URI.
        assert_eq!(chosen("ws://h/", &["HTTPS_PROXY=ftp://p:1"]), Ok(None));
        assert_eq!(chosen("wss://h/", &["HTTPS_PROXY=ftp://p:1", "NO_PROXY=h"]), Ok(None));
    }

    /// If the invalid bytes of a proxy URL were replaced, the proxy would get a wrong user name or
    /// password, and would answer 407.
    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStringExt;

        for value in [&b"http://us\xe9r:secret@p:1"[..], b"http://user:s\xe9cret@p:1", b"http://\xe9:1"] {
            let get = |name| (name == "HTTPS_PROXY").then(|| OsString::from_vec(value.to_vec()));
            let chosen = choose(&"wss://h/".parse().unwrap(), get);
            let error = ProxyUrlError::NotUtf8;
            assert_eq!(chosen, Err(ProxyVariableError { variable: "HTTPS_PROXY", error }), "{}", value.escape_ascii());
        }
        // A name in `NO_PROXY` that is not UTF-8 does not affect the other names.
        let get = |name| match name {
            "HTTPS_PROXY" => Some("http://p:1".into()),
            "NO_PROXY" => Some(OsString::from_vec(b"\xe9, h".to_vec())),
            _ => None,
        };
        assert_eq!(choose(&"wss://h/".parse().unwrap(), get), Ok(None));
    }
}

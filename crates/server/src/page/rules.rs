//! The page's list of `/break/RULE` paths, made from the laboratory's faults.

use std::fmt::Write;

use laboratory::{Fault, faults};
use protocol::Role;

/// Returns an `<optgroup>` for each topic, with an `<option>` for each rule that a server can
/// break. The value of an option is its path, relative to the page.
pub(super) fn options() -> String {
    let mut html = String::new();
    for (topic, faults) in faults::topics(Role::Server) {
        // Writing to a String cannot fail.
        let _ = writeln!(html, "<optgroup label=\"Break a rule: {}\">", escape(topic));
        for Fault { name, section, description, reason, level, expected, .. } in faults {
            let _ = writeln!(
                html,
                "<option value=\"break/{name}\" data-section=\"{section}\" data-sent=\"{sent}\" data-why=\"{why}\" \
                 data-expected=\"{expected}\" data-level=\"{level}\">/break/{name}: {sent}</option>",
                sent = escape(description),
                why = escape(reason),
            );
        }
        html.push_str("</optgroup>\n");
    }
    html
}

/// Escapes text for use in an element's content or in a double-quoted attribute value.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_a_server_can_break_can_be_chosen() {
        let html = options();
        for fault in faults::sent_by(Role::Server) {
            assert_eq!(html.matches(&format!("value=\"break/{}\"", fault.name)).count(), 1, "{}", fault.name);
        }
        assert_eq!(html.matches("<option ").count(), faults::sent_by(Role::Server).count());
    }

    #[test]
    fn a_text_is_never_markup() {
        assert_eq!(escape(r#"<b> & "c""#), "&lt;b> &amp; &quot;c&quot;");
    }
}

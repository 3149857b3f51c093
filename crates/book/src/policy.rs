//! The Content-Security-Policy of the served pages: everything comes from the book itself, and scripts
//! connect only to a WebSocket server on the same machine.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Returns the policy for the rendered book in `folder`. The book's *Try it here* boxes connect to
/// `server_port`.
///
/// mdBook's pages contain small scripts that set the theme and the path to the root before anything
/// is drawn. The policy allows these scripts, by their hashes, and no other inline scripts. mdBook
/// also sets a few `style` attributes. The policy allows all of them, because they cannot run any
/// code.
///
/// # Errors
/// Fails if a page cannot be read.
pub fn policy(folder: &Path, server_port: u16) -> Result<String> {
    let mut hashes = BTreeSet::new();
    collect_hashes(folder, &mut hashes)?;
    let scripts: String = hashes.iter().map(|hash| format!(" 'sha256-{hash}'")).collect();
    // `img-src data:` is for the images that mdBook's style sheets contain as `data:` URLs. The two
    // directives about frames are for the table of contents, which mdBook's pages show in a frame
    // if scripts are off.
    Ok(format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; style-src-attr 'unsafe-inline'; img-src \
         'self' data:; connect-src ws://127.0.0.1:{server_port} ws://localhost:{server_port}; font-src 'self'; \
         frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ))
}

/// Collects the hashes of the inline scripts in the pages of a folder.
fn collect_hashes(folder: &Path, hashes: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_hashes(&path, hashes)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            // The tag of a script that is loaded from a file has attributes, so it begins with
            // `<script ` and is skipped.
            let page = fs::read_to_string(&path)?;
            let scripts = page.split("<script>").skip(1).filter_map(|rest| rest.split_once("</script>"));
            hashes.extend(scripts.map(|(script, _)| STANDARD.encode(Sha256::digest(script))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_connect_only_to_a_server_on_the_same_machine() {
        let folder = tempfile::tempdir().unwrap();
        let policy = policy(folder.path(), 9000).unwrap();
        let connect_src = policy.split("; ").find(|directive| directive.starts_with("connect-src")).unwrap();
        assert_eq!(connect_src, "connect-src ws://127.0.0.1:9000 ws://localhost:9000");
    }

    #[test]
    fn only_the_inline_scripts_of_the_pages_may_run() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("part")).unwrap();
        fs::write(folder.path().join("part/a.html"), "<script src=\"b.js\"></script><script>1</script>").unwrap();
        let policy = policy(folder.path(), 9000).unwrap();
        let script_src = policy.split("; ").find(|directive| directive.starts_with("script-src")).unwrap();
        // The hash of the text `1`: printf 1 | openssl dgst -sha256 -binary | base64
        assert_eq!(script_src, "script-src 'self' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='");
    }
}

#!/usr/bin/env bash
# Tests the server's page in a real browser: run.sh SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS]
#
# The server must have been built with the feature http2. The test is not part of `cargo test`, because it needs
# chromium and node. It stops at the first program that fails. The exit status is 0 if all of them pass.
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 ]]; then
    echo "usage: $0 SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS]" >&2
    exit 2
fi
if [[ ! -x $1 ]]; then
    echo "browser test: $1 is not a program; build it with: cargo build -p server --features http2" >&2
    exit 2
fi
source "$(dirname "$0")/find-programs.sh"
node "$(dirname "$0")/page.mjs" "$(realpath "$1")" ${2:+"$(realpath -m "$2")"}
node "$(dirname "$0")/visitor.mjs" "$(realpath "$1")"
node "$(dirname "$0")/tls.mjs" "$(realpath "$1")"
exec node "$(dirname "$0")/http2.mjs" "$(realpath "$1")"

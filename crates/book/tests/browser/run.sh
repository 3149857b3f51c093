#!/usr/bin/env bash
# Tests the book in a real browser: run.sh BOOK_BINARY SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS]
#
# It is not part of `cargo test`, because it needs chromium, node, and an `npm ci` in this folder. It stops at the first
# program that fails. The exit status is 0 if all of them pass.
set -euo pipefail

if [[ $# -lt 2 || $# -gt 3 ]]; then
    echo "usage: $0 BOOK_BINARY SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS]" >&2
    exit 2
fi
for program in "$1" "$2"; do
    if [[ ! -x $program ]]; then
        echo "browser test: $program is not a program; build it with: cargo build -p book -p server" >&2
        exit 2
    fi
done
if [[ ! -d $(dirname "$0")/node_modules ]]; then
    echo "browser test: axe-core is not installed; run: npm ci --prefix $(dirname "$0")" >&2
    exit 2
fi
source "$(dirname "$0")/../../../server/tests/browser/find-programs.sh"
program=$(realpath "$1")
server=$(realpath "$2")
screenshots=${3:+$(realpath -m "$3")}
cd "$(dirname "$0")"
node book.mjs "$program" ${screenshots:+"$screenshots"}
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
"$program" --build "$pages"
node bytes.mjs "$pages" ${screenshots:+"$screenshots"}
node tryit.mjs "$program" "$server" ${screenshots:+"$screenshots"}

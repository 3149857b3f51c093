#!/usr/bin/env bash
# Tests the book in a real browser: run.sh BOOK_BINARY [DIRECTORY_FOR_SCREENSHOTS]
#
# It is not part of `cargo test`, because it needs chromium, node, and an `npm ci` in this folder. The exit status is 0
# if everything is right. Otherwise it prints the first failure.
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 ]]; then
    echo "usage: $0 BOOK_BINARY [DIRECTORY_FOR_SCREENSHOTS]" >&2
    exit 2
fi
if [[ ! -x $1 ]]; then
    echo "browser test: $1 is not a program; build it with: cargo build -p book" >&2
    exit 2
fi
if ! command -v node >/dev/null; then
    echo "browser test: node is not installed" >&2
    exit 2
fi
if [[ ! -d $(dirname "$0")/node_modules ]]; then
    echo "browser test: axe-core is not installed; run: npm ci --prefix $(dirname "$0")" >&2
    exit 2
fi
if [[ -z ${CHROMIUM:-} ]]; then
    for name in chromium chromium-browser google-chrome; do
        if CHROMIUM=$(command -v "$name"); then break; fi
    done
fi
if [[ -z ${CHROMIUM:-} ]]; then
    echo "browser test: chromium is not installed; install it (Debian: apt-get install chromium) or set CHROMIUM to its path" >&2
    exit 2
fi
export CHROMIUM
program=$(realpath "$1")
screenshots=${2:+$(realpath -m "$2")}
cd "$(dirname "$0")"
node book.mjs "$program" ${screenshots:+"$screenshots"}
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
"$program" --build "$pages"
node bytes.mjs "$pages" ${screenshots:+"$screenshots"}

#!/bin/sh
# Takes page.png, the picture of the server's page in the README, in a real browser.
#
# Needs cargo and node, and by their Debian names: chromium, pngquant, optipng, fonts-dejavu-core.
set -eu
cd "$(dirname "$0")"

cargo build --quiet --package server
node ../crates/server/tests/browser/picture.mjs ../target/debug/server page.png
# 128 colours are plenty for text on flat ground, and a third of the bytes.
pngquant --force --strip --speed 1 --output page.png 128 page.png
optipng -quiet -o7 page.png

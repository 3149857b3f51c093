#!/bin/sh
# Takes book-panes.png, book-byte.png and book-phone.png, the pictures of the book, in a real browser.
#
# Needs cargo and node, and by their Debian names: chromium, pngquant, optipng, fonts-dejavu-core.
set -eu
cd "$(dirname "$0")"

cargo build --quiet --package book --package server
CHROMIUM=${CHROMIUM:-chromium} node ../crates/book/tests/browser/pictures.mjs ../target/debug/book ../target/debug/server .
for picture in book-panes.png book-byte.png book-phone.png; do
    # 128 colours are plenty for text on flat ground, and a third of the bytes.
    pngquant --force --strip --speed 1 --output "$picture" 128 "$picture"
    optipng -quiet -o7 "$picture"
done

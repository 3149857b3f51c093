#!/bin/sh
# Draws websonkets.png from banner.svg.
#
# Needs, by their Debian names: librsvg2-bin, pngquant, optipng, fonts-inter, fonts-firacode.
set -eu
cd "$(dirname "$0")"

rsvg-convert --width 1280 --height 320 --output websonkets.png banner.svg
# 256 colours are plenty for flat shapes, and a fifth of the bytes.
pngquant --force --strip --speed 1 --output websonkets.png 256 websonkets.png
optipng -quiet -o7 websonkets.png

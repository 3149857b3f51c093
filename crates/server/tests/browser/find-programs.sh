# Sourced by the run.sh of each folder with browser tests: checks that Node.js is installed, and sets CHROMIUM to the path
# of Chromium.

if ! command -v node >/dev/null; then
    echo "browser test: node is not installed" >&2
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

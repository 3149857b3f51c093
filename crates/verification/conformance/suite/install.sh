#!/usr/bin/env bash
# install.sh DIR: installs the unchanged Autobahn testsuite from PyPI in DIR.
#
# The suite needs Python 2.7, which current systems no longer have. The script uses the first of these that works:
#   1. $PYTHON27, if it is set
#   2. python2.7 in the PATH, or one that pyenv has built
#   3. the packages of Debian 11 (bullseye), the last Debian with Python 2.7. The script fetches them with apt and
#      unpacks them in DIR. It installs nothing on the system, and does not need root.
# The script also needs python3 with pip. With a C compiler it builds wsaccel, which masks and validates in C.
# Without wsaccel, the suite is slower.
#
# DIR then contains run (the program), cases.txt (the identifiers of all cases), version.txt, and a folder for each
# part.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: install.sh DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

say() { echo "install: $*" >&2; }
fail() { say "$@"; exit 1; }

is_python27() {
    "$1" -c 'import sys, ssl, zlib, ctypes; sys.exit(sys.version_info[:2] != (2, 7))' >/dev/null 2>&1
}

# Runs apt with separate lists, cache and status. It neither needs nor changes those of the system.
unpack_bullseye() {
    command -v apt-get >/dev/null || fail "there is no Python 2.7, and no apt-get to fetch one: set PYTHON27"
    local apt=$dir/apt root=$dir/python2.7 mirror
    # The mirror that this machine uses also has the older packages.
    mirror=$( (cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true) |
        sed 's/#.*//' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ') ||
        fail "there is no Debian mirror in /etc/apt: set PYTHON27 to a Python 2.7"
    rm -rf "$apt" "$root"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,packages} "$root"
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
END
    say "fetching Debian bullseye's Python 2.7"
    export APT_CONFIG=$apt/apt.conf
    apt-get -qq update
    # As root, apt warns that it cannot drop privileges in a private folder. This is harmless.
    (cd "$apt/packages" && apt-get -qq download python2.7 python2.7-minimal libpython2.7 libpython2.7-minimal \
        libpython2.7-stdlib python2.7-dev libpython2.7-dev libssl1.1 libffi7 2> >(grep -v unsandboxed >&2 || true))
    unset APT_CONFIG
    local package
    for package in "$apt"/packages/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -rf "$apt"
    local libraries=("$root"/usr/lib/*-linux-gnu*)
    cat >"$root/python2.7" <<END
#!/bin/sh
LD_LIBRARY_PATH='${libraries[0]}' exec '$root/usr/bin/python2.7' "\$@"
END
    chmod +x "$root/python2.7"
    is_python27 "$root/python2.7" || fail "the unpacked Python 2.7 does not run: set PYTHON27 to one that does"
    python=$root/python2.7
    # The compiler of wsaccel needs Python.h.
    export C_INCLUDE_PATH="$root/usr/include/python2.7:$root/usr/include"
}

python=
if [ -n "${PYTHON27:-}" ]; then
    is_python27 "$PYTHON27" || fail "PYTHON27=$PYTHON27 is not a working Python 2.7"
    python=$PYTHON27
else
    for candidate in python2.7 "$HOME"/.pyenv/versions/2.7.*/bin/python2.7; do
        if is_python27 "$candidate"; then
            python=$(command -v "$candidate")
            break
        fi
    done
    [ -n "$python" ] || unpack_bullseye
fi
say "Python 2.7 is $python"

if ! python3 -m pip --version >/dev/null 2>&1; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "python3 has no pip: install python3-pip"
    say "installing python3-pip"
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-pip >/dev/null
fi

# pip 20.3.4 was the last version for Python 2.7. Python 3's pip downloads it, and it runs from where it is
# unpacked.
rm -rf "$dir/pip" "$dir/packages"
mkdir -p "$dir/pip/wheels" "$dir/packages"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_PYTHON_VERSION_WARNING=1
python3 -m pip --quiet download --no-deps --dest "$dir/pip/wheels" pip==20.3.4 setuptools==44.1.1 wheel==0.37.1
for wheel in "$dir"/pip/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$dir/pip"; done
pip() { PYTHONPATH=$dir/pip "$python" -m pip --quiet "$@"; }
pip install --no-deps --no-compile --target "$dir/packages" --requirement "$here/requirements.txt"
if pip install --no-deps --no-compile --target "$dir/packages" --no-build-isolation wsaccel==0.6.6 2>"$dir/wsaccel.log"; then
    say "wsaccel was built"
else
    say "wsaccel was not built, so the suite will be slower; see $dir/wsaccel.log"
fi
rm -rf "$dir/pip"

cp "$here/wstest.py" "$dir/wstest.py"
cat >"$dir/run" <<END
#!/bin/sh
PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 exec '$python' '$dir/wstest.py' "\$@"
END
chmod +x "$dir/run"
"$dir/run" cases >"$dir/cases.txt"
# Written last: this file marks a complete installation.
"$dir/run" version >"$dir/version.txt"
say "Autobahn testsuite $(cat "$dir/version.txt"), $(wc -l <"$dir/cases.txt") cases, in $dir"

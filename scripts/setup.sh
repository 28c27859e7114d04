#!/bin/sh
# Create the virtual environment named in $1 with the pinned versions, and regraft itself in it.
set -eu
venv=$1

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! [ -x "$venv/bin/python" ]; then
    for python in python3.11 python3 python; do
        if usable "$python"; then break; fi
        python=
    done
    if [ -z "$python" ]; then
        echo "expected Python 3.11 or newer as python3.11 or python3; received none. Install it and run again." >&2
        exit 2
    fi
    "$python" -m venv "$venv"
fi

echo "Installing the pinned packages into $venv (once; about 2 GB, a few minutes) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.lock
# The build tool is pinned above, so the package is built with that one.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --no-build-isolation --editable .

#!/usr/bin/env bash
# `make test`: what the tests need, then pytest, whose closing line comes last.
set -euo pipefail
cd "$(dirname "$0")/.."

install_debian() { # PACKAGE COMMAND_OR_FILE WHAT_IS_LOST
    if command -v "$2" >/dev/null || [ -e "$2" ]; then return 0; fi
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $1, which the tests use."
        [ -n "${UPDATED:-}" ] || apt-get update -qq >/dev/null 2>&1 || true
        UPDATED=yes
        if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" \
            >/dev/null 2>&1; then
            return 0
        fi
    fi
    echo "$1 is not installed and cannot be installed by this user: $3"
}
install_debian chromium chromium "the browser tests are skipped."
install_debian hledger hledger "the books are not checked by hledger."
install_debian fonts-noto-cjk /usr/share/fonts/opentype/noto "screenshots show no Chinese."

# Servers of their own, so that a running demo is neither used nor disturbed.
if [ -z "${DATABASE_URL:-}" ] || [ -z "${REDIS_URL:-}" ]; then
    export NCMATCH_DATA="${NCMATCH_TEST_DATA:-$PWD/.data/test}"
    services() { PYTHONPATH=platform .venv/bin/python -m ncmatch.services "$@"; }
    services up
    trap 'services down >/dev/null' EXIT
fi
.venv/bin/python -m pytest "$@"

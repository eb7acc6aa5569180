#!/usr/bin/env bash
# A management command against a fresh, seeded stack, which is gone afterwards: fresh.sh smoke
# Standard output is the command's own (its last line is JSON); everything else goes to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/steps.sh
manage() { .venv/bin/python manage.py "$@"; }

# One of its own, whatever a demo uses at the moment.
unset PORT DATABASE_URL DATABASE_APP_URL REDIS_URL SANDBOX_URL SANDBOX_PORT SANDBOX_SMTP_PORT
NCMATCH_DATA=$(mktemp -d "${TMPDIR:-/tmp}/ncmatch-fresh.XXXXXX")
export NCMATCH_DATA

remove() {
    local status=$?
    trap - EXIT INT TERM
    if [ "$status" -ne 0 ]; then
        for log in "$NCMATCH_DATA"/logs/*.log; do
            [ -s "$log" ] && { echo "-- the end of ${log##*/}"; tail -n 20 "$log"; }
        done >&2
    fi
    PYTHONPATH=platform .venv/bin/python -m ncmatch.services destroy >&2 || status=1
    exit "$status"
}
trap remove EXIT INT TERM

{
    step services manage services up
    step migrate manage migrate_fleet --quiet
    step application manage services up --app
    step seed manage seed_demo
} >&2
manage "$@"

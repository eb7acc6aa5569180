#!/usr/bin/env bash
# `make lint`: every check that needs no test; all of them run, and any failure fails.
set -uo pipefail
cd "$(dirname "$0")/.."
. deploy/steps.sh
export PATH="$PWD/.venv/bin:$PATH"
failed=0
check() { step "$@" || failed=1; }
imports() { PYTHONPATH=.:platform lint-imports --no-logo; }

check ruff ruff check --quiet --output-format concise .
check format ruff format --check --quiet --output-format concise .
check types mypy --no-error-summary
check layers imports
# The checks may look at the database, so they get one of their own.
if [ -z "${DATABASE_URL:-}" ] || [ -z "${REDIS_URL:-}" ]; then
    export NCMATCH_DATA="${NCMATCH_TEST_DATA:-$PWD/.data/test}"
    export PYTHONPATH=platform
    check services python -m ncmatch.services up
    trap 'python -m ncmatch.services down >/dev/null' EXIT
fi
check migrations python manage.py makemigrations --check --dry-run
check django python manage.py check --fail-level WARNING
exit "$failed"

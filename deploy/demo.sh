#!/usr/bin/env bash
# `make demo`: from nothing to shops that answer, then the main job once.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/steps.sh
manage() { .venv/bin/python manage.py "$@"; }

step services manage services up
step migrate manage migrate_fleet --quiet
step application manage services up --app
step seed manage seed_demo
step demo manage demo

# NCMatch. Needs python3 (3.11 or later), make, node and npm; the rest comes into .venv and .data.
PYTHON ?= python3
MANAGE := .venv/bin/python manage.py

.DEFAULT_GOAL := help
.PHONY: help setup demo smoke torture test lint format bench lock services-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## .venv from the lock, the pages' assets, the translations
	@$(PYTHON) deploy/environment.py

demo: setup ## services, data, shops and the main job; prints addresses and log-ins
	@deploy/demo.sh

smoke: ## the main job over HTTP against a fresh stack; the last line is JSON
	@$(PYTHON) deploy/environment.py >&2
	@deploy/fresh.sh smoke

torture: ## people shop while all goes wrong; make torture ARGS='--rounds 5 --seed 7'; the last line is JSON
	@$(PYTHON) deploy/environment.py >&2
	@deploy/fresh.sh torture $(ARGS)

test: setup ## all tests; make test ARGS='-k ledger' for some
	@deploy/test.sh $(ARGS)

lint: setup ## ruff, mypy, import-linter, migrations, Django's checks
	@deploy/lint.sh

format: setup ## lay the Python code out as `make lint` wants it
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format --quiet .

bench: setup ## make bench NAME=requests; the last line is JSON
	@$(MANAGE) services up >&2
	@$(MANAGE) migrate_fleet --quiet >&2
	@$(MANAGE) bench $(NAME) $(ARGS)

lock: ## pin every package anew, with hashes
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --group pyproject.toml:dev pyproject.toml \
		--output-file deploy/requirements.txt

services-down: ## stop everything that demo started
	@$(MANAGE) services down

# Oncowire: `make help` lists what can be done. Needs Python ≥ 3.11, git and make; everything else is installed into .venv.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo run test check compose-test format pins clean chaos fuzz sbom audit fresh-test

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/installed ## make .venv with everything in it

.venv/installed: requirements/dev.txt pyproject.toml
	@echo "Setting up .venv (about a minute)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Oncowire needs Python 3.11 or newer (set PYTHON=…)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian, apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c "from alerts.facts import reader; reader()" # makes the tables of names, not the first start (docs/adr/0053)
	@touch $@

demo: setup ## the whole service with sample news, a local mailbox and local Slack and Teams receivers
	@$(BIN)/oncowire demo

run: setup ## the whole service with real feeds and your .env
	@$(BIN)/oncowire up

test: setup ## all tests, with a real PostgreSQL and a real Valkey
	@tests/chromium
	@$(BIN)/pytest -n 2 --dist loadfile

check: setup ## ruff, mypy --strict, import contracts, alembic check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m alerts.store.check

compose-test: setup ## docker-compose.yml for real: start, alert, scale, restarts, kills, upgrade, backup (needs a Docker engine and root)
	@DOCKER_BUILDKIT=$${DOCKER_BUILDKIT:-0} $(BIN)/python -m ops.compose_test $(if $(STANDINS),--standins)

chaos: setup ## real processes, broker, database and relay, and what is killed under them (RELEASE=1: 500 faults, hours)
	@$(BIN)/python -m tests.chaos $(if $(RELEASE),--release)

fresh-test: ## make demo and make test in an empty Debian (needs a Docker engine; IMAGE=… NETWORK=host CA=….pem DEMO=1)
	@$(PYTHON) -m ops.fresh_test $(if $(IMAGE),--image $(IMAGE)) $(if $(NETWORK),--network $(NETWORK)) $(if $(CA),--ca $(CA)) $(if $(DEMO),--skip-tests)

fuzz: setup ## look for input that breaks parsing, reading, rules, messages or templates (FUZZ_S seconds a target; Linux x86-64)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@for target in feed text rules message template; do $(BIN)/python -m tests.fuzz $$target -max_total_time=$${FUZZ_S:-60} -seed=$${FUZZ_SEED:-0} || exit 1; done

sbom: setup ## dist/sbom.cdx.json: what Oncowire consists of (CycloneDX)
	@mkdir -p dist && $(BIN)/cyclonedx-py requirements requirements/main.txt --pyproject pyproject.toml \
	  --output-reproducible --short-PURLs -o dist/sbom.cdx.json && echo "dist/sbom.cdx.json"

audit: setup ## known holes in what is pinned (asks the network)
	@$(BIN)/uv tool run pip-audit==2.10.1 --disable-pip --require-hashes -r requirements/main.txt

format: setup ## mend what ruff can mend
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

pins: setup ## renew requirements/*.txt from requirements/*.in
	@cd requirements && for f in dev main; do ../$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header $$([ $$f = main ] && echo -c dev.txt) -o $$f.txt $$f.in; done

clean: ## remove .venv and what runs left behind
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

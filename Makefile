# Everything a person or a machine does with this repository. `make help` lists it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
PYODPS_SRC ?=

.PHONY: help setup run test check-all bench conformance lock docs console

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) console ## make .venv from the lock and build the console; quick when nothing changed

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) tools/system_packages.py --setup
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $(STAMP)

run: $(STAMP) console ## start a server with the demo's real data; ARGS='--port 0 ...' goes to `taskhouse serve`
	@$(BIN)/taskhouse serve --demo --home home --log-level warning $(ARGS)

test: $(STAMP) ## style, types, directions of imports, and the whole test suite
	@$(BIN)/python tools/system_packages.py
	$(BIN)/python tools/build_console.py --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(ARGS)

check-all: test ## `test`, then the slow extras: storms, kills, the bad-input corpus at length
	$(BIN)/python -m pytest --slow -m slow $(ARGS)

bench: $(STAMP) ## recurring instances, console, latency, TPC-H and tunnel, measured beside their aims
	$(BIN)/python -m benchmarks $(ARGS)

conformance: $(STAMP) ## the official client's own suite; PYODPS_SRC=<checkout of PyODPS>
	@test -n "$(PYODPS_SRC)" || { echo "say where the client's sources are: make conformance PYODPS_SRC=<checkout>"; exit 2; }
	$(BIN)/python -m tools.conformance --pyodps-src "$(PYODPS_SRC)" $(ARGS)

docs: $(STAMP) ## write the generated pages of docs/ anew
	$(BIN)/python -m tools.generate_docs
	cd console && npm run --silent schema

console: $(STAMP) ## build the console (with Node) when its sources have changed
	@$(BIN)/python tools/build_console.py

lock: ## compile requirements.lock anew (needs uv)
	uv pip compile -q --python-version 3.11 --no-emit-index-url --no-annotate --no-header --generate-hashes \
	  --extra client --extra demo --extra xflow --extra transfer --extra bench --extra dev -o requirements.lock pyproject.toml
	uv pip compile -q --python-version 3.11 --no-emit-index-url --no-annotate --no-header --generate-hashes \
	  -o tools/conformance/requirements.lock tools/conformance/requirements.in
	uv pip compile -q --python-version 3.11 --no-emit-index-url --no-annotate --no-header --generate-hashes \
	  -o tools/conformance/requirements-older.lock tools/conformance/requirements-older.in

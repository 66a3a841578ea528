# What a person or CI does here. `make` alone prints the list; everything else sets up .venv by itself the first time.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

PY := .venv/bin/python
# One stamp per folder: a tree that was moved or copied with its .venv is installed anew where it is now.
READY := .venv/.ready-$(firstword $(shell pwd -P | cksum))
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check --only-binary :all: --constraint constraints.txt

# Tests run in this many processes.
WORKERS ?= 2
# Passed on to pytest, the demo, a measurement: make test ARGS='-k silence'
ARGS ?=
# The simulator's own: make sim SEED=8812 UNTIL=3d04h
SEED ?=
SEEDS ?=
DAYS ?=
UNTIL ?=

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY) ## Build .venv from pyproject.toml and constraints.txt (every other target does this when needed)

$(READY): pyproject.toml constraints.txt
	@python=''; \
	for candidate in $${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'Tocsin needs Python 3.11 or newer with its venv module, and found none (python3, python3.11 to 3.14).' >&2; \
	  echo 'Nothing was changed. Install one (Debian, Ubuntu: apt-get install python3 python3-venv),' >&2; \
	  echo 'or name it: make PYTHON=/path/to/python3.12' >&2; \
	  exit 1; \
	fi; \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then \
	  echo "Setting up .venv with $$("$$python" --version); this happens once."; \
	  "$$python" -m venv --clear .venv; \
	fi
	@$(PIP_INSTALL) setuptools
	@$(PIP_INSTALL) --no-build-isolation --editable '.[dev]'
	@rm -f .venv/.ready-*
	@touch $@

.PHONY: demo
demo: $(READY) ## The whole product on this machine, with no account: http://127.0.0.1:8400
	@$(PY) -m bot demo $(ARGS)

.PHONY: test
test: $(READY) ## Run the tests (ARGS='-k silence' chooses some, WORKERS=0 runs them in one process)
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: oracles
oracles: ## Fetch what the vendors publish to check payloads with (npm); tests that ask it are skipped without
	@npm install --prefix tests/oracles --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error

.PHONY: check
check: lint types imports tidy test ## Everything that CI asks of a change, except the simulation

.PHONY: lint
lint: $(READY) ## Style and format, by ruff
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

.PHONY: format
format: $(READY) ## Let ruff format the tree and fix what it can
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

.PHONY: types
types: $(READY) ## Types, by mypy --strict
	@$(PY) -m mypy

.PHONY: imports
imports: $(READY) ## The architecture's import contracts
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo

.PHONY: tidy
tidy: $(READY) ## The house rules: sizes, clocks, SDKs in their place, docs that list everything
	@$(PY) -m pytest -q -p no:cacheprovider tests/test_tidy.py

.PHONY: sim
sim: $(READY) ## Simulate nights on call from a seed: SEED= or SEEDS=, DAYS=, UNTIL=
	@$(PY) -m tests.sim.run $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) \
	  $(if $(DAYS),--days $(DAYS)) $(if $(UNTIL),--until $(UNTIL)) $(ARGS)

.PHONY: nightly
nightly: $(READY) ## Simulate on SQLite what CI has no time for: 20,000 seeds of a week, or SEEDS= of DAYS=
	@$(PY) -m tests.sim.run --store sqlite --seeds $(or $(SEEDS),20000) --days $(or $(DAYS),7) --jobs $(WORKERS) \
	  $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: mutants
mutants: $(READY) ## Plant each bug that the simulator must catch, and see it caught
	@$(PY) -m tests.sim.run --mutants --days 6 --seeds 24

.PHONY: kill
kill: $(READY) ## 10,000 alerts while web and worker are killed 20 times: nothing answered 2xx is lost
	@$(PY) -m tests.e2e.kill --alerts 10000 --kills 20

.PHONY: story
story: $(READY) ## Click through the demo's story in a browser; TOCSIN_PICTURES= keeps the pictures
	@$(PY) -m pytest -q tests/e2e/test_story.py tests/e2e/test_story_calls.py

.PHONY: bench
bench: $(READY) ## Measure on this machine, side by side with what it is compared to
	@$(PY) -m bench.run $(ARGS)

.PHONY: cards
cards: $(READY) ## Draw the golden cards and their pictures anew; review them as pictures
	@$(PY) -m tests.cards.regenerate $(ARGS)

.PHONY: clean
clean: ## Remove everything that make made: .venv, caches, scratch folders
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .demo artifacts build *.egg-info
	@rm -rf tests/oracles/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

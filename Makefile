# The verbs. Each sets up what it needs first; `scripts/setup.sh` is quick when nothing changed.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON := .venv/bin/python
SEEDS ?= $(if $(SEED),1,1000)

.PHONY: demo test check bench sim docs clean setup

setup:
	@scripts/setup.sh

demo: setup          ## the main job, shown step by step on examples/hello
	@$(PYTHON) scripts/demo.py

test: setup          ## every test; those that need a Docker Engine beside those that do not
	@$(PYTHON) -m pytest -q --durations=15 -n 2 --dist loadgroup

check: setup         ## lint, format, types, architecture, tidiness
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m pytest -q tests/test_tidy.py tests/test_architecture.py

bench: setup         ## speed as ratios, written to bench/RESULTS.md
	@$(PYTHON) -m bench

sim: setup           ## simulated worlds: make sim SEEDS=1000, or SEED=n to see one again
	@echo "Shipway at $$(git describe --always --dirty 2>/dev/null || echo 'no commit')"
	@$(PYTHON) -m shipway.cli.main simulate --seeds $(SEEDS) $(if $(SEED),--seed $(SEED))

docs: setup          ## every link, verb and file the pages name exists
	@$(PYTHON) -m pytest -q tests/docs

clean:               ## what can be made again; data of local ECS is not touched
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each target with two hashes behind it is listed by `make` alone.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install check lint test e2e bench mutants demo clean
.DEFAULT_GOAL := help

help:
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' Makefile

install: .venv/installed ## a .venv with nvrstack and the development tools

# Debian has the venv module in a package of its own, and a bare system has no Python at all.
.venv/installed: pyproject.toml
	@if ! $(PYTHON) -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
				apt-get -qq install -y --no-install-recommends python3 python3-venv ca-certificates git >/dev/null; \
		else \
			echo "Python 3.11 or newer with its venv module is needed; on Debian: sudo apt install python3 python3-venv" >&2; \
			exit 1; \
		fi; \
	fi
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/pip install --quiet --editable . --group dev
	@touch $@

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint ## ruff, mypy and the unit tests: what passes at every commit
	$(BIN)/pytest -q --numprocesses=auto tests/unit

test: install ## everything: check, the contract tests and the end-to-end tests (Debian, root)
	@$(BIN)/python -m tests.lanes

e2e: install ## the end-to-end tests alone, on an engine of their own
	$(BIN)/pytest tests/e2e

bench: install ## how fast it is, side by side with what one knows (Debian, root)
	@$(BIN)/python -m tests.bench

mutants: install ## MODULE=nvrstack.settings.rules: mistakes put into a module, and which no test finds
	@$(BIN)/python -m tests.mutants $(MODULE)

demo: install ## the stack "lan" in ./demo, running if Docker is there
	@$(BIN)/python -m tests.demo

docs: install ## docs/findings.md, from the rules that a plan's findings come from
	@$(BIN)/python -m tests.findings_reference

clean: ## remove what the other targets made
	@if [ -f demo/compose.yaml ] && command -v docker >/dev/null; then \
		docker compose --project-directory demo down --timeout 10 2>/dev/null || true; fi
	@if [ -x $(BIN)/python ] && [ "$$(id -u)" = 0 ]; then $(BIN)/python -m tests.bed clean; fi
	rm -rf .venv .lanes demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

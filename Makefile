# One place for the commands people need. Every target sets up what it needs on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PYTHONUTF8 = 1

.PHONY: demo test check bench faults lint types imports setup clean

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Convenor needs Python 3.11 or newer; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up Convenor in $(VENV), once: about half a minute." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Setting up the checks, once." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.dev

demo: $(VENV)/.runtime
	@$(BIN)/convenor demo $(ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports --no-cache

check: lint types imports
	@$(BIN)/pytest -q -m "not slow" $(ARGS)

test: lint types imports
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.dev
	@$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.dev
	@$(BIN)/python -m tests.faults $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

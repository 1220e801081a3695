# make read              set up and read a sample page
# make read PAGE=my.jpg  read yours
# make test              set up and pass lint, types and tests
# PYTHON=... picks the interpreter, VENV=... the place of the environment.

PAGE ?= samples/anterior_stemi_photo.jpg
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?=
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: read test serve clean

read: $(VENV)/installed
	@$(BIN)/paperbeat read "$(PAGE)"

serve: $(VENV)/installed
	@$(BIN)/paperbeat serve

test: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "installing Paperbeat into $(VENV) ..." >&2
	@$(PIP) --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing Paperbeat and its test tools into $(VENV) ..." >&2
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@for candidate in $(or $(PYTHON),python3.12 python3.13 python3.11 python3.14 python3 python); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$candidate" -c 'import ensurepip, venv' 2>/dev/null || { without_venv="$$candidate"; continue; }; \
		exec "$$candidate" -m venv $(VENV); \
	done; \
	if [ -n "$$without_venv" ]; then \
		echo "error: $$without_venv cannot make virtual environments" >&2; \
		echo "hint: Debian, Ubuntu: apt-get install python3-venv" >&2; \
	else \
		echo "error: no Python 3.11 or newer was found" >&2; \
		echo "hint: install one from your package manager or python.org, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	fi; exit 1

# Every target sets up .venv itself. Needed beforehand: make and Python 3.11 or newer.

VENV       := .venv
BIN        := $(VENV)/bin
STAMP      := $(VENV)/.installed
QUICK      := not slow and not shared and not planted
BENCHMARKS := fit extract head memory search end_to_end

.PHONY: help setup demo test lint format bench lock clean

help:
	@echo "make setup   create .venv with the versions pinned in requirements.lock"
	@echo "make demo    fit 5,000 digits, predict a few, and ask why a broken script fails"
	@echo "make test    format, lint, types, imports, unit tests (under 5 minutes)"
	@echo "make lint    the first four of these"
	@echo "make format  rewrite the source in the project's format"
	@echo "make bench   run the benchmarks: $(BENCHMARKS) (long)"
	@echo "make lock    write requirements.lock anew from what .venv holds"
	@echo "make clean   delete .venv and what the tools cache here"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(VENV)
	@touch $@

demo: $(STAMP)
	@$(BIN)/regraft demo

test: lint
	$(BIN)/pytest -q --doctest-modules -m "$(QUICK)" src tests

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

lock: $(STAMP)
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist

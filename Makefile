# Two commands on a fresh machine: make demo, make test. See CONTRIBUTING.md for the others.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests of one file share a worker: the browser tests and the demo project are made once.
WORKERS ?= 2

.PHONY: help demo test lint format lock sample slow screenshots bench bench-words clean

help:
	@echo "make demo [ARGS=--no-app]   the fictional ward: analysis and app"
	@echo "make test [ARGS=...]        the whole test suite"
	@echo "make lint | format          checks | formatting"
	@echo "make screenshots            every page, both languages, three sizes; IBASHO_DEMO=DIR takes an analysed sample ward"
	@echo "make bench [ARGS=...]       speed and memory beside the peers; writes benchmarks/README.md"
	@echo "make bench-words            how many of the opening words of real lists are understood"
	@echo "make lock                   pin all dependencies anew"
	@echo "make sample                 make data/sample again"

# A stamp a set of packages: a changed lock file or pyproject installs again, nothing else does.
$(VENV)/bin/python:
	$(PYTHON) -c "import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), 'Python 3.11, 3.12 or 3.13 is needed'"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch $(VENV)/.run $@

demo: $(VENV)/.run
	$(BIN)/ibasho demo $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow $(ARGS)

# Into the ignored folder screenshots/, to be looked at. ARGS="-k phone" for a part.
screenshots: $(VENV)/.dev
	$(BIN)/python -m pytest -m screens tests/test_browser.py $(ARGS)

# Real files are taken from beside the repository, or IBASHO_REALDATA. ARGS="--task nearest --size 50k" for a part.
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/walking.py $(ARGS)
	$(BIN)/python benchmarks/bench_study.py
	$(BIN)/python benchmarks/bench_decide.py
	$(BIN)/python benchmarks/bench_app.py
	$(BIN)/python benchmarks/opening_strings.py $${IBASHO_REALDATA:-../shared/realdata} data/sample

bench-words: $(VENV)/.dev
	$(BIN)/python benchmarks/opening_strings.py $${IBASHO_REALDATA:-../shared/realdata} data/sample $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The peers that are measured beside: only for this.
$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-bench.lock
	@touch $@

# Nothing in a lock file tells where packages come from: --no-emit-index-url, --no-header.
lock: $(VENV)/.dev
	$(BIN)/uv pip compile $(LOCK) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK) --extra dev --extra bench --constraint requirements-dev.lock pyproject.toml -o requirements-bench.lock

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

sample: $(VENV)/.run
	$(BIN)/python data/generate_sample.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

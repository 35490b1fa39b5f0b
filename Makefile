.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Without --no-compile pip compiles every module of scipy and numba: 110 MB that nobody reads.
PIP := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# Tests start hundreds of processes: where bytecode is not kept, each of them compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# As users have it: no torch.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

# What the tests need as well; PyTorch first and by itself, at the version that constraints.txt pins.
.venv/.tested: .venv/.installed
	$(PIP) torch
	$(PIP) --editable '.[dev,eval,provenance,ray,svd,train,voice,web]'
	@touch $@

install: .venv/.installed  ## the environment in .venv, with the package in it

develop: .venv/.tested  ## the same, with all extras and what tests and checks need

demo: install  ## demo.mp4 and its contact sheet demo.png
	$(BIN)/dicetalk demo --force

test: develop  ## the tests but the slow ones; one line says what was left out, and why
	$(BIN)/python -m pytest -q -n auto --dist loadfile

slow: develop  ## the tests that `make test` leaves out
	$(BIN)/python -m pytest -q -n auto --dist loadfile --slow -m slow

full: develop  ## all tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile --slow

hostile: develop  ## bad input: every case at every door
	$(BIN)/python -m pytest -q -n auto --dist loadfile --slow --hostile tests/hostile

coverage: develop  ## all tests, with the share of lines they run
	$(BIN)/python -m pytest -q -n auto --dist loadfile --slow --cov=dicetalk --cov-report=term:skip-covered --cov-fail-under=92

check: develop  ## style, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: develop  ## docs/cli.md from the help of the commands, docs/openapi.json from the server
	$(BIN)/python tools/write_cli_docs.py
	$(BIN)/python tools/write_openapi.py

gallery: develop  ## the pictures of README and docs
	$(BIN)/python benchmarks/gallery.py

benchmark: install  ## speed into benchmarks/results/
	$(BIN)/python benchmarks/speed.py

.PHONY: help install develop demo test slow full hostile coverage check docs gallery benchmark

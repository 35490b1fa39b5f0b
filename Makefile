.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# Without --no-compile pip compiles every module of scipy and numba: 110 MB that nobody reads.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.installed
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: .venv/.installed  ## the environment in .venv, with the package in it

dev: .venv/.dev  ## the tools beside it: tests, style, types

svd: dev  ## the extra for the svd backbone, and its tests (PyTorch first: constraints.txt pins it)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev,svd]'

demo: install  ## demo.mp4 and its contact sheet demo.png
	$(BIN)/dicetalk demo -o demo.mp4

test: dev  ## the test suite
	$(BIN)/python -m pytest -q

check: svd  ## style, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install  ## docs/cli.md, from the help of the commands
	$(BIN)/python tools/write_cli_docs.py

gallery: install  ## the pictures of README and docs
	$(BIN)/python benchmarks/gallery.py

benchmark: install  ## speed into benchmarks/results/
	$(BIN)/python benchmarks/speed.py

.PHONY: help install dev svd demo test check docs gallery benchmark

# Commands of the project; `make` alone lists them. Everything lives in .venv, made from requirements.lock.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup train test check lint wheel lock clean

BIN := .venv/bin
ARGS ?=
# Test workers; each works on one thread (see tests/conftest.py).
JOBS ?= 2
export PYTHON

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from requirements.lock (quick when nothing changed; PYTHON=... chooses the interpreter)
	@.ci/setup

train: setup ## train cnn10 on synthetic faces, a few minutes (ARGS="model=convnet seed=1" overrides)
	@$(BIN)/python -m ferlab.train model=cnn10 $(ARGS)

test: setup ## run every test; those on real data run where FERLAB_DATA is set (ARGS="-k cnn10" selects)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: setup ## ruff (lint and format) and mypy --strict
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

check: lint ## lint and the fast tests: before every commit
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow and not realdata and not gpu" $(ARGS)

wheel: setup ## build the wheel and run it in a fresh environment outside the checkout
	@.ci/wheel

lock: setup ## write requirements.lock anew from pyproject.toml (ARGS="--upgrade" lifts the versions)
	@PATH="$$PATH:$(CURDIR)/.cache/uv/bin" uv pip compile --quiet pyproject.toml --all-extras --group dev --universal \
		--python-version 3.11 --generate-hashes --no-header --no-annotate \
		--output-file requirements.lock $(ARGS)

clean: ## remove the environment, caches and builds; runs/ stays
	@rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

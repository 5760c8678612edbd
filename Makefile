PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help serve test test-fast lint openapi fuzz bench accuracy images publish lock image pin-base clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The service's dependencies, with hashes; then the project itself, built without the network.
$(VENV)/.serve: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt clients/python/pyproject.toml $(VENV)/.serve
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable clients/python
	@touch $@

serve: $(VENV)/.serve ## set up, fit what is missing and serve on 127.0.0.1:8000
	$(BIN)/forecast-service fit
	exec $(BIN)/forecast-service serve --port $(PORT)

PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# Tests start hundreds of processes. Without bytecode each would compile the project again.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

test: $(VENV)/.dev ## set up and run all tests
	$(PYTEST)

test-fast: $(VENV)/.dev ## run the tests that are not slow
	$(PYTEST) -m "not slow" --ignore=tests/deploy --ignore=tests/benchmarks

lint: $(VENV)/.dev ## check style, types, layers and the exported contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/forecast-service openapi --check openapi/openapi.json
	$(BIN)/forecast-service scenario schema --check openapi/scenario.schema.json

openapi: $(VENV)/.dev ## export the contract to openapi/openapi.json, with new examples, and the types of the client
	$(BIN)/forecast-service openapi --examples --output openapi/openapi.json
	$(BIN)/python clients/python/write_documents.py
	$(BIN)/forecast-service scenario schema --output openapi/scenario.schema.json

fuzz: $(VENV)/.dev ## run schemathesis, 20,000 cases for each kind of caller; writes docs/fuzzing.md
	$(BIN)/python -m benchmarks.robustness.fuzz --write docs/fuzzing.md

bench: $(VENV)/.dev ## run the benchmarks of docs/performance.md; needs wrk
	$(MAKE) --no-print-directory $(PEERS)/.ready
	$(BIN)/python -m benchmarks.speed.bench $(BENCH)

PEERS := .venv-peers
PANEL ?= var/accuracy/allies.csv
ORIGINS ?= 1999:2025
HORIZON ?= 10
MIN_YEARS ?= 12
PROCESSES ?= 2

# statsforecast needs pandas below 3, so the peers have a separate environment.
$(PEERS)/.ready: benchmarks/accuracy/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --require-hashes -r benchmarks/accuracy/requirements-peers.txt
	@touch $@

var/accuracy/allies.csv: $(VENV)/.serve $(wildcard models/data/*.csv)
	$(BIN)/python -m benchmarks.accuracy.table --write-panel $@

accuracy: $(VENV)/.serve $(PEERS)/.ready $(PANEL) ## score the peers beside ours; PANEL=file.csv for another panel
	$(PEERS)/bin/python benchmarks/accuracy/peers.py $(PANEL) $(ORIGINS) $(HORIZON) var/accuracy \
		--min-years $(MIN_YEARS) --processes $(PROCESSES)
	$(BIN)/python -m benchmarks.accuracy.table $(PANEL) --peers var/accuracy --origins $(ORIGINS) --horizon $(HORIZON) \
		--min-years $(MIN_YEARS) --processes $(PROCESSES) --json var/accuracy/figures.json

images: $(VENV)/.dev ## draw the images of README and docs
	$(BIN)/forecast-service fit
	$(BIN)/python docs/images/make.py
	$(BIN)/python docs/images/after.py

publish: $(VENV)/.dev ## run the backtest of the allies; save weights, track record and docs/accuracy.md
	$(BIN)/forecast-service backtest --publish
	$(BIN)/python -m benchmarks.accuracy.page

lock: $(VENV)/.dev ## lock the versions of dependencies
	$(BIN)/python -m pip install --quiet pip-tools
	PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh

ENGINE ?= docker
IMAGE ?= forecast-service:latest

image: ## build the container image; ENGINE=podman for another engine
	$(ENGINE) build --tag $(IMAGE) --build-arg REVISION=$(shell git rev-parse HEAD) \
		--build-arg VERSION=$(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' forecast_service/version.py) .

BASE = $(shell sed -n 's/^ARG BASE=\([^@]*\).*/\1/p' Dockerfile)

pin-base: ## write the digest of the Dockerfile's base, which a registry knows, into the Dockerfile; needs docker
	digest=$$(docker buildx imagetools inspect $(BASE) --format '{{.Manifest.Digest}}') && \
		sed -i "s|^ARG BASE=.*|ARG BASE=$(BASE)@$$digest|" Dockerfile

clean: ## remove all generated files
	rm -rf $(VENV) $(PEERS) var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info \
		clients/python/build clients/python/src/*.egg-info

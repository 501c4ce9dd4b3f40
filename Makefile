# Everything starts here. `make demo` and `make test` set up whatever they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup servers demo test bench lint types contracts check lock train clean

help:
	@echo "make demo       the main job on an embedded mail server and SQLite"
	@echo "make test       set up (servers included) and run the tests"
	@echo "make check      lint, types, import contract, tests: what CI runs"
	@echo "make bench      the measurements, side by side; takes a while"
	@echo "make train      train the classifier anew from classifiers/corpus"
	@echo "make lock       resolve requirements.lock anew from pyproject.toml"

setup: $(READY)

$(READY): requirements.lock pyproject.toml scripts/venv
	PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/venv
	touch $(READY)

servers: setup
	scripts/servers

demo: setup
	$(BIN)/azimut-support demo $(DEMO)

test: setup servers
	$(BIN)/python -m pytest -n auto $(TESTS)

bench: setup servers
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.latency
	$(BIN)/python -m bench.latency --dovecot
	$(BIN)/python -m bench.history
	$(BIN)/python -m bench.ticks
	$(BIN)/python -m bench.mail

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

check: lint types contracts test

train: setup
	$(BIN)/azimut-support model train

lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra test --extra lint --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --quiet --upgrade \
	    --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

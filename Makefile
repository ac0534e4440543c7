# Everything starts here: `make` lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
UV     := $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help install demo up test check bench bench-anomalies bench-approvals bench-cells bench-ingest bench-load bench-masking bench-privacy bench-quality lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## Make .venv with the locked dependencies and .venv/bin/adp

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || $(PYTHON) -m virtualenv $(VENV) || { \
		rm -rf $(VENV); echo "Python cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv) or virtualenv (pip install virtualenv)" >&2; exit 1; }
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint requirements.lock --editable '.[quality]' --group dev
	@touch $@

demo: install ## Run the main job once, from words to a checked table, and print its report
	$(BIN)/adp demo

up: install ## Start a deployment and keep it running (ADP_PORT, 3000)
	$(BIN)/adp up

test: install ## Run the tests
	$(BIN)/python -m pytest -n auto --dist loadscope

check: install ## Lint, types, import rules, sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/architecture

bench: bench-anomalies bench-approvals bench-cells bench-ingest bench-load bench-masking bench-privacy bench-quality ## All benchmarks

bench-anomalies: install ## Anomalies in time on labelled series (ADP_BENCH_DATA), against a z-score
	$(BIN)/python -m benchmarks.bench_anomalies

bench-approvals: install ## What approvals cost: submit, release, queue, ledger
	$(BIN)/python -m benchmarks.bench_approvals

bench-cells: install ## Wrong cells found and repaired (ADP_BENCH_DATA: real sets too), against a simple detector
	$(BIN)/python -m benchmarks.bench_cells

bench-ingest: install ## PostgreSQL to Delta, against dlt and a bare read
	$(BIN)/python -m benchmarks.bench_ingest

bench-load: install ## Time to load the definitions, against bare Dagster
	$(BIN)/python -m benchmarks.bench_load

bench-masking: install ## Rows a second through the masks, against keyed BLAKE2b
	$(BIN)/python -m benchmarks.bench_masking

bench-privacy: install ## Scanning for personal data, against Presidio's engine
	$(BIN)/python -m benchmarks.bench_privacy

bench-quality: install ## Twelve rules on 5M rows, against Great Expectations and bare DuckDB
	$(BIN)/python -m benchmarks.bench_quality

lock: ## Pin the dependencies anew (Python 3.11 to 3.13, any platform)
	$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade pyproject.toml --output-file requirements.lock

clean: ## Delete the state of this clone: .adp
	rm -rf .adp

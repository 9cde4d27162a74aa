# Every command of the project. `make` alone lists them.
# GNU make 3.81 (macOS) and later.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   := requirements/dev.txt
UV     := uv==0.13.9

# More for one run: make test PYTEST="--cov-fail-under=0 -k cursor"
PYTEST  ?=
# make lock UPGRADE=--upgrade takes the newest of everything.
UPGRADE ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# With -j too, the gates come in their order.
.NOTPARALLEL:
.PHONY: vendor sbom audit test-citus help setup demo test check fix proof contract fuzz reliability docs golden lock bench clean \
        gates format lint types imports suite wheel

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | \
	  awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed  ## Make .venv with the locked packages (PYTHON=python3.12 picks another)

demo: setup  ## Run the main job on sample data
	@$(BIN)/leadwell demo

# Some machines forbid it for all: then every process that a test starts compiles
# everything again.
unexport PYTHONDONTWRITEBYTECODE

# The order of the gates is that of their speed: the first word comes soonest.
test: setup  ## The suite and every gate
	@$(MAKE) --no-print-directory gates
check: test  ## What has to pass before a merge: the same as test

fix: setup  ## Format, and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# worksteal: who is done takes from who is not, so that no long test is waited for with
# others queued behind it, and tests of a module stay together. Half of what many tests do
# is wait, for a process to start or for a time to pass: so more workers than processors.
WORKERS = $(shell $(PYTHON) -c 'import os; n = os.cpu_count() or 1; print(n + (n + 1) // 2)')
XDIST   = -n $(WORKERS) --dist worksteal
proof: setup  ## The long proofs: crashes, load, twin builds, pages in a browser
	@echo "== proof"
	@$(BIN)/pytest $(XDIST) -m proof $(PYTEST)

contract: setup  ## The proofs of the contract alone: fuzzing, collections, connectors
	@echo "== contract"
	@$(BIN)/pytest $(XDIST) -m proof tests/contract $(PYTEST)

# Two minutes, as in the proofs; for longer, and from where the last run has ended:
# LEADWELL_TEST_FUZZ_S=3600 LEADWELL_TEST_CORPUS=build/corpus make fuzz
fuzz: setup  ## Fuzz the parsers of what strangers send
	@echo "== fuzz"
	@$(BIN)/pytest $(XDIST) -m proof tests/fuzz $(PYTEST)

# Not run by CI: Citus is the operator's. It is the suite of the store and of the API, on a
# coordinator and two workers, and what only a cluster can show.
test-citus: setup  ## The suite on a cluster (CITUS_BIN=the programs of a PostgreSQL)
	@test -x "$(CITUS_BIN)/initdb" || { \
	  echo "name the programs of a PostgreSQL that has Citus:" >&2; \
	  echo "make test-citus CITUS_BIN=/usr/lib/postgresql/17/bin" >&2; exit 1; }
	@echo "== test-citus"
	@CITUS_BIN="$(CITUS_BIN)" $(BIN)/pytest $(XDIST) -m "not proof and not one_server" \
	  -k "postgres or citus" tests/store tests/api tests/citus $(PYTEST)

# -E: a page that is read from the cache keeps its warnings to itself.
docs: setup  ## Build the documentation, warnings are errors
	@echo "== docs"
	@$(BIN)/sphinx-build -n -W -E --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

golden: setup  ## Record the golden files again and show what changed
	@$(BIN)/pytest tests/contract --golden-record $(PYTEST)
	@git --no-pager diff --stat -- tests/contract/golden

# More for one run: make bench BENCH="--leads 1000000 --check"
BENCH ?=
bench: setup  ## Run the measurements
	@$(BIN)/python -m bench $(BENCH)

# uv reads no pip configuration, and here no settings of its own either, so the hashes
# are those of the public files and no address gets into the locks.
unexport UV_INDEX UV_INDEX_URL UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS
COMPILE = build/lock/bin/uv --no-config pip compile --quiet \
    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate \
    --custom-compile-command "make lock" $(UPGRADE)
RESOLVE = $(COMPILE) pyproject.toml --extra server --extra postgres --extra mcp

# More for one run: make reliability PROOFS="scope fuzz"
PROOFS ?=
reliability: setup  ## Run the proofs that count, and write the page of their figures
	@$(BIN)/python -m bench.reliability $(PROOFS)

lock:  ## Pin every package again, with hashes (UPGRADE=--upgrade for the newest)
	@test -x build/lock/bin/uv || $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install --quiet $(UV)
	@$(RESOLVE) --group dev --output-file $(LOCK)
	@$(RESOLVE) --constraint $(LOCK) --output-file requirements/server.txt
	@$(COMPILE) requirements/airbyte.in --output-file requirements/airbyte.txt
	@$(COMPILE) requirements/deploy.in --output-file requirements/deploy.txt
	@$(COMPILE) requirements/dlt.in --output-file requirements/dlt.txt
	@$(COMPILE) requirements/fuzz.in --output-file requirements/fuzz.txt
	@$(COMPILE) requirements/generator.in --output-file requirements/generator.txt
	@$(COMPILE) requirements/singer.in --output-file requirements/singer.txt

vendor:  ## Fetch what the console is made of, as vendor.toml pins it (needs npm)
	@$(PYTHON) tools/vendor.py

# Of the lock alone: no network, and two runs are equal.
sbom: setup  ## Write build/sbom.json: of what a hub is made (CycloneDX)
	@echo "== sbom"
	@$(BIN)/python tools/sbom.py build/sbom.json
	@echo "build/sbom.json"

# Not run by CI: it asks a database of known weaknesses over the network, and a check that
# cannot be made must not look like one that passed. Run it before each release.
PIP_AUDIT := pip-audit==2.10.1
audit:  ## Ask whether a locked package has a known weakness (needs a network)
	@test -x build/audit/bin/pip-audit || $(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install --quiet $(PIP_AUDIT)
	@build/audit/bin/pip-audit --strict --disable-pip --require-hashes \
	  --progress-spinner off --requirement requirements/server.txt || { \
	  echo "make audit: a package has a known weakness, or none could be looked up;" >&2; \
	  echo "what stands above says which. Nothing is known to be well." >&2; exit 1; }

clean:  ## Remove what was built, .venv too
	@rm -rf $(VENV) build dist docs/_build .coverage .coverage.* htmlcov \
	  .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

# Single gates, after `make setup`.
gates: format lint types imports sbom suite docs wheel

format: setup
	@echo "== format"
	@$(BIN)/ruff format --check .
lint: setup
	@echo "== lint"
	@$(BIN)/ruff check .
types: setup
	@echo "== types"
	@$(BIN)/mypy & $(BIN)/basedpyright --project pyproject.toml; pyright=$$?; \
	  wait $$! && exit $$pyright
imports: setup
	@echo "== imports"
	@$(BIN)/lint-imports --no-logo
suite: setup
	@echo "== suite"
	@$(BIN)/pytest $(XDIST) --cov $(PYTEST)
wheel: setup
	@echo "== wheel"
	@$(BIN)/python tests/wheel_smoke.py

# A changed lock makes the environment new, so that nothing stale is left in it. The lock is
# whole, so pip need not resolve (--no-deps): pip 23 looks past the pin of a package that
# another one wants with an extra, and refuses a lock once that package has a newer release.
$(VENV)/.locked: $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Leadwell needs Python 3.11 or later, and '$(PYTHON)' is not:" >&2; \
	  $(PYTHON) --version >&2; \
	  echo "name one that is: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "== setup: the locked packages, into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --no-deps --require-hashes --requirement $(LOCK)
	@$(BIN)/python -m pip check --disable-pip-version-check >/dev/null || { \
	  $(BIN)/python -m pip check --disable-pip-version-check; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	@touch $@

# Works on a machine with Python 3.11, pip and make; everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
SOURCES := cds_service supply_chain tests $(wildcard bench deploy fhir_fixtures)

.DEFAULT_GOAL := help
.PHONY: help run demo test check audit sbom review trace mutants bench bench-scorecard crash lock clean

help: ## show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## serve on 127.0.0.1:8080, and print a first call to try
	@$(BIN)/lumbar-mri-cds serve

demo: $(VENV)/run.stamp ## post an example to a service of its own, and show the card
	@$(BIN)/lumbar-mri-cds demo

test: $(VENV)/dev.stamp ## run every test
	$(BIN)/pytest -n auto

check: $(VENV)/dev.stamp ## format, lint, types, security, content, tests
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive cds_service supply_chain
	$(BIN)/python -m supply_chain.audit
	$(BIN)/lumbar-mri-cds check
	$(BIN)/pytest -n auto

audit: $(VENV)/dev.stamp ## ask whether a package of requirements.lock has a known vulnerability
	@$(BIN)/python -m supply_chain.audit

sbom: $(VENV)/dev.stamp ## write the bill of materials of requirements.lock, as CycloneDX JSON into dist/
	@$(BIN)/python -m supply_chain.bill

review: $(VENV)/run.stamp ## write the documents that the guideline's owners read and sign
	@$(BIN)/lumbar-mri-cds review --output review

trace: $(VENV)/dev.stamp ## prove that a test of each rule fails without the rule's function
	$(BIN)/python -m tests.traceability

mutants: $(VENV)/dev.stamp ## change the rules a little, thousands of times, to see whether a test notices
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mutmut run; $(BIN)/python -m tests.mutants

bench: $(VENV)/dev.stamp ## time and throughput beside a floor, and the memory of a worker
	$(BIN)/python -m bench.run

bench-scorecard: $(VENV)/dev.stamp ## time the scorecard with 200,000 decisions in SQLite and a million in PostgreSQL
	$(BIN)/python -m bench.scorecard

crash: $(VENV)/dev.stamp ## kill the service under load, 200 times on each database, and look for what was lost
	$(BIN)/python -m tests.crash --rounds 200
	$(BIN)/python -m tests.crash --rounds 200 --database postgresql

lock: $(VENV)/dev.stamp ## pin the newest allowed versions anew
	$(PIP_INSTALL) pip-tools
	$(BIN)/python -m piptools compile $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml
	$(BIN)/python -m piptools compile $(LOCK_OPTIONS) --extra dev --extra tracing --output-file requirements-dev.lock pyproject.toml
	$(BIN)/python -m piptools compile $(LOCK_OPTIONS) --only-build-deps --build-deps-for wheel --output-file requirements-build.lock pyproject.toml

LOCK_OPTIONS := --quiet --upgrade --allow-unsafe --strip-extras --generate-hashes --no-header --no-emit-options \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

clean: ## remove everything that can be made again
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp says that an environment is complete, so that the second run installs nothing.
$(VENV)/run.stamp: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $@

define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
@echo "Installing $(1) into $(VENV) ..."
@$(PIP_INSTALL) --require-hashes -r $(1)
@$(PIP_INSTALL) --no-deps --editable .
endef

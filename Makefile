# Everything a newcomer needs is `make demo` and `make test`; both install what they need into .venv and .local.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# An image may forbid to write bytecode; then each program that the tests start would compile all its modules first.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
SYNTH := .venv-synth
TOOLS := .venv-tools
PYTEST := $(BIN)/pytest
# Each has emulators or a JVM of its own, so that one waits while another works; the longest come first.
SPARK := test-spark-odp test-spark-taxi
EMBEDDED := $(addprefix test-embedded-,lake pipeline emulator torture bootstrap deployment tables config_manager dms benchmarks)
UNIT := not slow and not simulation

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-uv.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; install Python 3.11 or name one: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@echo "Installing the locked dependencies into .venv (once) …"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

install: $(READY) ## install the locked dependencies into .venv

# Of wheels only: a source distribution would run code of its own while it is installed. The path file stands for the
# editable install, whose build tools are not in this lock.
# The pip of $(PYTHON) installs uv, if there is one: a new environment takes 6 CPU seconds to unpack a pip of its own.
$(SYNTH)/.ready: requirements-synth.txt requirements-uv.txt
	@echo "Installing what synthesis needs into $(SYNTH) …"
	@$(PYTHON) -m venv --clear --without-pip $(SYNTH)
	@python=$(PYTHON); $$python -m pip --version >/dev/null 2>&1 || { python=$(SYNTH)/bin/python; $$python -m ensurepip >/dev/null; }; \
		$$python -m pip --python $(SYNTH)/bin/python install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements-uv.txt
	@$(SYNTH)/bin/uv pip sync --quiet --python $(SYNTH)/bin/python --only-binary :all: --require-hashes $<
	@printf '%s\n' "$$PWD" "$$PWD/infra-repo" "$$PWD/etl-repo" "$$PWD/etl-repo/src" \
		> "$$($(SYNTH)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/data_lake.pth"
	@touch $@

install-synth: $(SYNTH)/.ready ## install only what synthesis needs, from a lock of its own, into .venv-synth

demo: $(READY) $(if $(DIRECT),,node_modules/.package-lock.json) ## push the lake through its pipelines on this machine, replicate a database, compare every value (TRIPS=file, ROWS=n, PORT=n, FORMAT=iceberg; SOURCE=file without a server, DIRECT=1 without pipelines)
	@$(BIN)/python -m rehearsal demo

lake: $(READY) ## serve the lake of the last demo until Ctrl-C and say how to look into it (PORT=n)
	@$(BIN)/python -m rehearsal lake

rehearse: $(READY) node_modules/.package-lock.json ## four accounts on this machine, in which git push runs the pipelines (QUICK=1 leaves checks out)
	@$(BIN)/rehearse

drill: $(READY) ## lose the primary of two Regions in the middle of a refresh, fail over, come back, and compare every value (SEED=n, MODE=cold|warm, TABLES=n, HUDI=n, ROWS=n, LAG=seconds, LOST=1)
	@$(BIN)/python -m rehearsal drill

torture: $(READY) ## play random histories against the rules of the data (SEEDS=n, FIRST=seed; REGIONS=1 in two Regions, of which one is lost)
	@$(BIN)/python -m rehearsal torture

torture-lake: $(READY) node_modules/.package-lock.json ## the same with real runs of Glue and of the native function, killed for real: each seed is a table of one deployed lake (SEEDS=n, FIRST=seed, ENGINE=native|spark|auto, REHEARSAL_FOLDER=new folder keeps it)
	@$(BIN)/python -m rehearsal torture-lake

torture-source: $(READY) ## play them on a real database: its stand-in for DMS writes what the tester claims that DMS writes (SEEDS=n, FIRST=seed, ENGINE=mariadb|postgres)
	@$(BIN)/python -m rehearsal torture-source

# The longest first, and last those that fill both cores. test-histories draws many inputs where check draws a few.
test: $(READY) node_modules/.package-lock.json ## all tiers of tests, three at a time
	@echo "Eight tiers of tests, three at a time; each shows its output when it has ended …"
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --jobs=3 UNIT="$(UNIT) and not hypothesis" \
		test-end-to-end $(firstword $(EMBEDDED)) test-spark-odp $(word 2,$(EMBEDDED)) test-spark-taxi test-synth check $(EMBEDDED) test-histories test-tools test-rights

check: $(READY) ## lint, types, import contracts, manifests and unit tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/mypy infra-repo/app.py
	@$(BIN)/mypy etl-repo/app.py
	@$(BIN)/lint-imports
	@$(BIN)/odp config validate
	@$(PYTEST) --quiet --numprocesses=auto --dist=worksteal --hypothesis-profile=quick -m "$(UNIT)" tests/unit

test-tools: $(READY) ## rehearsal, odp command, scripts, benchmarks, this file, and all that starts programs
	@$(PYTEST) --quiet --numprocesses=2 --dist=worksteal -m "not slow" tests/tools

test-histories: $(READY) ## the history tester itself, planted defects; kills and interleavings of deployed code
	@$(PYTEST) --quiet --numprocesses=2 --dist=worksteal -m "not slow" tests/histories
	@$(PYTEST) --quiet --numprocesses=2 --dist=worksteal -m "(simulation or hypothesis) and not slow" tests/unit

test-spark: $(SPARK) ## the table writers and the taxi flow's jobs on real Spark, Hudi and Iceberg

test-spark-odp: $(READY)
	@$(PYTEST) --quiet -m "not slow" tests/spark --ignore=tests/spark/taxi

test-spark-taxi: $(READY)
	@$(PYTEST) --quiet -m "not slow" tests/spark/taxi

test-synth: $(READY) ## the synthesised templates
	@$(PYTEST) --quiet tests/synth

node_modules/.package-lock.json: $(READY) package.json package-lock.json
	@$(BIN)/python -m scripts.bootstrap install-cdk
	@touch $@

test-embedded: $(EMBEDDED) ## handlers, adapters and the emulator itself, deployed on this machine

# what the roles of a deployed lake call is written down for test-rights
RECORDED := lake config_manager
$(EMBEDDED): test-embedded-%: $(READY) node_modules/.package-lock.json
	@rm -rf .local/calls/embedded-$*
	@$(if $(filter $*,$(RECORDED)),REHEARSAL_CALLS=.local/calls/embedded-$*) $(PYTEST) --quiet -m "not slow" tests/embedded/$*

test-rights: test-embedded-lake test-embedded-config_manager ## each right of the lake's roles is used by one of these tiers, or has a reason
	@$(PYTEST) --quiet tests/rights

test-slow: $(READY) node_modules/.package-lock.json ## what make test leaves out: every type of key, further combinations, more examples, the benchmarks themselves
	@$(PYTEST) --quiet -m slow tests/unit tests/tools tests/spark tests/histories tests/embedded tests/end_to_end

test-end-to-end: $(READY) node_modules/.package-lock.json ## the demo as a test
	@$(PYTEST) --quiet -m "not slow" tests/end_to_end

synth: $(READY) ## synthesise both apps into their cdk.out folders
	@export JSII_NODE="$$($(BIN)/python -c 'from rehearsal import toolchain; print(toolchain.node())')"; \
	$(BIN)/python infra-repo/app.py & infra=$$!; $(BIN)/python etl-repo/app.py && wait $$infra

bench: $(READY) ## apply changes to 18 small tables and a large one, beside textbook Hudi, Iceberg, Delta and duckdb (ROUNDS=n)
	@$(BIN)/python -m benchmarks changes

bench-lake: $(READY) node_modules/.package-lock.json ## small tables on a deployed lake, from files in S3 to commits: requests, CPU, money, seconds (TABLES=n, ROWS=n, CHANGES=n, LANDINGS=n)
	@$(BIN)/python -m benchmarks lake

bench-taxi: $(READY) ## rows per second of the taxi flow's jobs, beside duckdb on the same files (TRIPS=file, ROWS=n)
	@$(BIN)/python -m benchmarks taxi

bench-plan: $(READY) ## planning 300 to 30,000 tables; listing, sweep and history of a lake with a million applied objects
	@$(BIN)/python -m benchmarks plan

schemas: $(READY) ## write the JSON schemas of environments.json, the table manifests and the datasets from their models
	@$(BIN)/python -m deployment_account.environments_schema config/environments.schema.json
	@$(BIN)/python -m odp.config_manager.manifest_model etl-repo/table_configs/schema/manifest.schema.json
	@$(BIN)/python -m etl_cdk.datasets.dataset_schema etl-repo/etl_cdk/datasets/dataset.schema.json

idle-cost: $(READY) ## write docs/cost.md anew from the synthesised templates
	@$(BIN)/python -m scripts.idle_cost

$(TOOLS)/.ready: $(READY) requirements-tools.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(TOOLS)
	@$(BIN)/uv pip sync --quiet --python $(TOOLS)/bin/python --only-binary :all: --require-hashes requirements-tools.txt
	@touch $@

sbom: $(TOOLS)/.ready ## write .local/sbom.cdx.json: what the locks of Python, npm and jars pin, as CycloneDX 1.6
	@$(TOOLS)/bin/python -m scripts.sbom .local/sbom.cdx.json

# Nothing is installed or resolved, because the locks have every version. A package that the service cannot judge is a failure.
audit: $(TOOLS)/.ready ## ask a vulnerability service about every locked Python package, which takes a network
	@for lock in requirements-synth.txt requirements-lambda.txt requirements-native.txt requirements.txt requirements-uv.txt requirements-tools.txt; do \
		echo "$$lock:"; \
		$(TOOLS)/bin/pip-audit --strict --progress-spinner=off --disable-pip --require-hashes -r $$lock $(AUDIT) \
			|| { echo "$$lock: a package has a known vulnerability, or the service could not be asked about it: read the lines above" >&2; exit 1; }; \
	done

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --universal --no-emit-index-url --no-header

lock: ## write the lock files of Python packages anew from pyproject.toml
	$(COMPILE) pyproject.toml --group dev -o requirements.txt
	$(COMPILE) --group synth --constraint requirements.txt -o requirements-synth.txt
	$(COMPILE) --group lambda --constraint requirements.txt -o requirements-lambda.txt
	$(COMPILE) --group native --constraint requirements.txt -o requirements-native.txt
	$(COMPILE) --group tools -o requirements-tools.txt
	echo 'uv==0.13.9' | $(COMPILE) - -o requirements-uv.txt

lock-jars: $(READY) ## write jars.lock.json anew from rehearsal/jars.py, which takes a download of 390 MB
	@$(BIN)/python -m rehearsal.jars

clean: ## remove every trace of runs and installations
	@rm -rf .venv $(SYNTH) $(TOOLS) .local node_modules report.html infra-repo/cdk.out etl-repo/cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help install install-synth demo lake rehearse drill torture torture-lake torture-source test check test-tools test-spark $(SPARK) test-synth test-embedded $(EMBEDDED) test-rights test-end-to-end test-slow synth bench bench-lake bench-taxi bench-plan schemas idle-cost lock lock-jars sbom audit clean

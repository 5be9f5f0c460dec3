# Each target does all the set-up it needs. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
MAVEN_FLAGS ?= -q -B -ntp
TEST_PROCESSES ?= 2

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

# --- set-up ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.installed .devstack/jars/.fetched tracker dashboard ## Python environment, jars, tracker and dashboard

$(VENV)/.installed: requirements.txt requirements-dev.txt pyproject.toml devstack/prerequisites.sh
	@sh devstack/prerequisites.sh $(PYTHON)
	@echo "Python packages -> $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e . >$(VENV)/install.log 2>&1 || \
		{ cat $(VENV)/install.log; exit 1; }
	@touch $@

.devstack/jars/.fetched: pom.xml devstack/fetch_jars.sh
	@sh devstack/prerequisites.sh $(PYTHON)
	@echo "Jars -> .devstack/jars (about a minute, once)"
	@MAVEN_FLAGS="$(MAVEN_FLAGS)" sh devstack/fetch_jars.sh .devstack/jars
	@touch $@

.PHONY: prometheus
prometheus: ## Prometheus and promtool: tests need them, and `clickstream up --only prometheus`; the demo does not
	@sh devstack/fetch_prometheus.sh .devstack/prometheus

.PHONY: chromium
chromium: ## Chromium for the browser tests, by apt where that may be done
	@sh devstack/require_chromium.sh

.PHONY: tracker
tracker: tracker/dist/tracker.js ## The browser's script: tracker/dist

tracker/node_modules/.installed: tracker/package-lock.json devstack/prerequisites.sh
	@sh devstack/prerequisites.sh $(PYTHON)
	@echo "npm packages -> tracker/node_modules (seconds, once)"
	@cd tracker && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

tracker/dist/tracker.js: tracker/node_modules/.installed $(wildcard tracker/src/*.ts tracker/*.mjs tracker/*.json)
	@cd tracker && node build.mjs

.PHONY: dashboard
dashboard: dashboard/dist/index.html ## The analytics service's pages: dashboard/dist

dashboard/node_modules/.installed: dashboard/package-lock.json devstack/prerequisites.sh
	@sh devstack/prerequisites.sh $(PYTHON)
	@echo "npm packages -> dashboard/node_modules (seconds, once)"
	@cd dashboard && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

dashboard/dist/index.html: dashboard/node_modules/.installed $(shell find dashboard/src -type f) $(wildcard dashboard/*.mjs dashboard/*.json)
	@cd dashboard && node build.mjs

# --- checks and tests -----------------------------------------------------------------------------------------------

.PHONY: check test test-unit test-npm
check: $(VENV)/.installed tracker/node_modules/.installed dashboard/node_modules/.installed ## Style and types: seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@cd tracker && npm run --silent --loglevel=error check
	@cd dashboard && npm run --silent --loglevel=error check

test-unit: $(VENV)/.installed test-npm ## Unit tests alone: no server, no JVM, less than a minute
	@$(BIN)/pytest -q tests/unit

test-npm: tracker/node_modules/.installed dashboard/node_modules/.installed
	@cd tracker && npm run --silent --loglevel=error test
	@cd dashboard && npm run --silent --loglevel=error test

test: setup prometheus chromium test-npm ## Every test, on real servers that it starts and stops itself; TEST_PROCESSES=1 takes less memory
	@$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder

.PHONY: test-k8s
test-k8s: $(VENV)/.installed ## The manifests on a real API server, which is built from Go modules once (some minutes)
	@$(BIN)/pytest -m kubernetes tests/deploy

.PHONY: test-full
test-full: setup prometheus ## Larger sizes and more repetitions of what `make test` shows (about half an hour)
	@$(BIN)/pytest -m full

.PHONY: proto
proto: $(VENV)/.installed ## Bring the code generated from proto/ up to date
	@$(BIN)/python proto/generate.py

.PHONY: k8s-settings
k8s-settings: $(VENV)/.installed ## Bring deploy/k8s up to date with flink-conf/
	@$(BIN)/python deploy/k8s/settings.py

.PHONY: sizing
sizing: $(VENV)/.installed ## Bring docs/operations/sizing.md up to date with bench/README.md
	@$(BIN)/python -m bench.sizing

.PHONY: prometheus-rule
prometheus-rule: $(VENV)/.installed ## Bring the PrometheusRule of deploy/k8s up to date with deploy/observability
	@$(BIN)/python deploy/observability/prometheus_rule.py

# --- run ------------------------------------------------------------------------------------------------------------

.PHONY: demo up down
demo: setup ## The whole platform on live traffic; DEMO_SECONDS=60 ends by itself and checks every row
	@$(BIN)/clickstream demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

up: setup ## Start the servers
	@$(BIN)/clickstream up

down: ## Stop the servers
	@$(BIN)/clickstream down

# --- benchmarks -----------------------------------------------------------------------------------------------------

.PHONY: bench-sink bench-jobs bench-latency bench-layout bench-queries
bench-sink: setup ## Kafka -> ClickHouse: the job against the textbook, a plain loop and Java; bench/out/sink.json
	@$(BIN)/python -m bench.sink $(BENCH_OPTIONS)

bench-jobs: setup ## The join and the jobs on Redis against textbook and Flink SQL; bench/out/jobs.json
	@$(BIN)/python -m bench.jobs $(BENCH_OPTIONS)

.PHONY: bench-collector
bench-collector: setup ## Events over HTTP into Kafka, against a bare handler; bench/out/collector.json
	@$(BIN)/python -m bench.collector $(BENCH_OPTIONS)

bench-latency: setup ## From Kafka append to Redis visible at 1,000 events/s; bench/out/latency.json
	@$(BIN)/python -m bench.latency $(BENCH_OPTIONS)

bench-layout: setup ## Bytes for each event and query times of layouts in ClickHouse; bench/out/layout.json
	@$(BIN)/python -m bench.layout $(BENCH_OPTIONS)

bench-queries: setup ## The dashboard's questions beside the published SQL; bench/out/queries.json
	@$(BIN)/python -m bench.queries $(BENCH_OPTIONS)

# --- upkeep ---------------------------------------------------------------------------------------------------------

.PHONY: pins format
PIP_COMPILE := $(BIN)/pip-compile -q --upgrade --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
pins: $(VENV)/.installed ## Compile requirements*.in to the newest pins that fit together
	@$(PIP_COMPILE) -o requirements.txt requirements.in
	@$(PIP_COMPILE) -o requirements-dev.txt requirements-dev.in

format: $(VENV)/.installed ## Format the code
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

# What can be done here. Everything needs a Rust toolchain, a C compiler and make; `make test` also a Redis, a PostgreSQL, a Chromium and a mail server for Python (aiosmtpd), which it installs.

SHELL := /bin/bash
BINARY := target/release/replyflow

.PHONY: help run build check test soak understanding bench bench-e2e bench-growth fuzz clean-data

help: ## Show this
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

build: ## Build the service
	cargo build --release --locked

run: build data/events.key ## Serve the sample flows with the embedded store and three simulator channels
	@REPLYFLOW_EVENTS__KEYS="$$(cat data/events.key)" $(BINARY) serve

data/events.key:
	@mkdir -p data
	@umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > $@

check: build ## Check the sample flows
	$(BINARY) check

test: ## Formatting, lints and all tests, on both stores
	@tests/run.sh

soak: ## Half an hour of everything that can break, then 3000 seeds of the simulation on each store; REPLYFLOW_SOAK_SECONDS, REPLYFLOW_SEEDS
	REPLYFLOW_SOAK_SECONDS=$(or $(REPLYFLOW_SOAK_SECONDS),1800) cargo test --locked --test it soak:: -- --nocapture
	REPLYFLOW_SEEDS=$(or $(REPLYFLOW_SEEDS),3000) cargo test --locked --test it seeds -- --nocapture

understanding: ## Precision and recall of the understanding of replies; REPLYFLOW_REPLIES=FOLDER: of yours
	@cargo run --quiet --locked --example understanding

bench: ## Measure: a turn, understanding a reply, checking a large project, messages a second
	cargo bench --locked

bench-e2e: ## Messages end to end: throughput, latency at a pace, slow providers, CPU and Redis for each message; END_TO_END_SECONDS, END_TO_END_STORES ...
	cargo bench --locked --bench end_to_end

bench-growth: ## What a message costs as contacts, flows, answers and timers grow, into docs/images/growth.svg; GROWTH_CONTACTS, GROWTH_TIMERS ...
	cargo bench --locked --bench growth

fuzz: ## Requests made of the recorded ones, to each provider's adapter for a minute; FUZZ_SECONDS: for so long
	@cargo run --quiet --locked --example fuzz -- $(or $(FUZZ_SECONDS),60)

clean-data: ## Forget every conversation of `make run`
	rm -rf data

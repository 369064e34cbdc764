# `make test` runs everything that guards a commit; the long runs stand below it, each with its results in docs/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:

CHROMIUM ?= /usr/bin/chromium
# One place for the browser tests' server: the same debug build that the Rust tests use.
export MINIMOST_BIN ?= $(CURDIR)/target/debug/minimost

.PHONY: test rust web browser browser-often chromium crash-500 screenshots bench openapi fmt

test: rust web browser

rust: web/node_modules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	if cargo nextest --version >/dev/null 2>&1; then
	  cargo nextest run --workspace --no-fail-fast
	else
	  cargo test --workspace --no-fail-fast
	fi

web: web/node_modules
	cd web
	npm run --silent lint
	npm run --silent check
	npm run --silent test

browser: web/node_modules chromium
	# The features of the test build, so that nothing is compiled a second time.
	cargo test --workspace --no-run --quiet
	cd web
	CHROMIUM=$(CHROMIUM) npm run --silent e2e

# The tests in which two screens race, 50 times in a row, half of them more at once than there are cores, and the whole
# suite three times; stops at the first failure. About an hour; BROWSER_ROUNDS and BROWSER_SUITES make it shorter.
BROWSER_ROUNDS ?= 50
BROWSER_SUITES ?= 3
browser-often: web/node_modules chromium
	cargo test --workspace --no-run --quiet
	CHROMIUM=$(CHROMIUM) web/e2e/often.sh $(BROWSER_ROUNDS) $(BROWSER_SUITES)

web/node_modules: web/package-lock.json
	command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer (https://nodejs.org)" >&2; exit 1; }
	cd web
	npm ci --no-audit --no-fund
	touch node_modules

# The browser tests use a real Chromium, from Debian's packages.
chromium:
	if [ -x "$(CHROMIUM)" ]; then exit 0; fi
	echo "The browser tests need Chromium; installing Debian's package 'chromium'."
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
	$$sudo apt-get update -qq
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium

# 500 rounds of kill -9 under load (`make test` runs 50); results in docs/crash-rounds.md.
crash-500: web/node_modules
	MINIMOST_CRASH_ROUNDS=500 cargo test --workspace --test it -- crash --nocapture

# Real screens for docs/screenshots, from the same build.
screenshots: web/node_modules chromium
	cargo test --workspace --no-run --quiet
	cd web
	CHROMIUM=$(CHROMIUM) npm run --silent screenshots

# Side by side with the physical limits; fills the tables of docs/performance.md. Wants a quiet machine and 15 minutes.
bench: web/node_modules
	cargo build --release --package minimost --package bench
	target/release/bench --server target/release/minimost --json target/bench.jsonl all
	target/release/bench --json target/bench.jsonl report

# Rewrites docs/openapi.json and the other reviewed snapshots from the Rust types.
openapi:
	UPDATE_OPENAPI=1 cargo test --workspace --test it -- openapi

fmt:
	cargo fmt --all
	cd web && npm run --silent format

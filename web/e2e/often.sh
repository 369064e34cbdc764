#!/usr/bin/env bash
# The browser tests again and again, to find what fails one time in many: the two specs of messages that cross (channels,
# mentions) and the one of typing ahead, half of the rounds with every core busy, then the whole suite three times.
# Stops at the first failure and shows it. `often.sh [rounds] [whole suites]`; `make browser-often` is the usual way.
set -eu -o pipefail
cd "$(dirname "$0")/.."

rounds=${1:-50}
suites=${2:-3}
said=$(mktemp)
busy=()

# Each has its time: a round that hangs is a failure too.
ROUND_SECONDS_MAX=900
SUITE_SECONDS_MAX=3600

rest() {
  for pid in "${busy[@]}"; do kill "$pid" 2>/dev/null || true; done
  busy=()
}
work() {
  for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    busy+=($!)
  done
}
finish() {
  rest
  rm -f "$said"
}
trap finish EXIT
trap 'exit 130' INT TERM

# attempt <what> <seconds> [spec ...]
attempt() {
  local what=$1 seconds=$2 began=$SECONDS
  shift 2
  if ! timeout "$seconds" npm run --silent e2e -- "$@" >"$said" 2>&1; then
    cat "$said"
    echo "FAILED: $what"
    exit 1
  fi
  echo "$what: passed in $((SECONDS - began)) s"
}

for round in $(seq "$rounds"); do
  how=calm
  if ((round > rounds - rounds / 2)); then
    how=busy
    if ((${#busy[@]} == 0)); then work; fi
  fi
  attempt "round $round of $rounds, $how" "$ROUND_SECONDS_MAX" channels.spec mentions.spec typing-ahead.spec
done
rest
for suite in $(seq "$suites"); do
  attempt "whole suite $suite of $suites" "$SUITE_SECONDS_MAX"
done

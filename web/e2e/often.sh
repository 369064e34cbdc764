#!/usr/bin/env bash
# The browser tests again and again, to find what fails one time in many: the two in which messages cross, half of the
# rounds more at once than the machine has cores, half of them alone; then the whole suite several times.
# Stops at the first failure and shows it. `often.sh [rounds] [whole suites]`; `make browser-often` is the usual way.
set -eu -o pipefail
cd "$(dirname "$0")/.."

rounds=${1:-50}
suites=${2:-3}
crossing=(channels.spec mentions.spec -t 'a conversation of three|@everyone calls all of them')
at_once=$(($(nproc) + 1))
said=$(mktemp -d)

# Each has its time: a round that hangs is a failure too.
ROUND_SECONDS_MAX=900
SUITE_SECONDS_MAX=3600

finish() {
  jobs -p | xargs -r kill 2>/dev/null || true
  rm -rf "$said"
}
trap finish EXIT
trap 'exit 130' INT TERM

# attempt <what> <seconds> [spec ...]
attempt() {
  local what=$1 seconds=$2 began=$SECONDS
  shift 2
  if ! timeout "$seconds" npm run --silent e2e -- "$@" >"$said/$what" 2>&1; then
    cat "$said/$what"
    echo "FAILED: $what"
    return 1
  fi
  echo "$what: passed in $((SECONDS - began)) s"
}

busy=$((rounds / 2))
for first in $(seq 1 "$at_once" "$busy"); do
  running=()
  for round in $(seq "$first" $((first + at_once - 1))); do
    what="round $round of $rounds"
    # The last ones too are not alone.
    if ((round > busy)); then what="company $((round - busy))"; fi
    attempt "$what, $at_once at once" "$ROUND_SECONDS_MAX" "${crossing[@]}" &
    running+=($!)
  done
  for one in "${running[@]}"; do wait "$one"; done
done
for round in $(seq $((busy + 1)) "$rounds"); do
  attempt "round $round of $rounds, alone" "$ROUND_SECONDS_MAX" "${crossing[@]}"
done
for suite in $(seq "$suites"); do
  attempt "whole suite $suite of $suites" "$SUITE_SECONDS_MAX"
done

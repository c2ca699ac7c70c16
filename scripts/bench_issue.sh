#!/usr/bin/env bash
# Gives one coupon each to very many members while the worker is killed and started anew, and checks that everybody has exactly one.
#
#   scripts/bench_issue.sh --dsn 'user:password@tcp(host:3306)/'            a million members, two kills
#   scripts/bench_issue.sh --sqlite /var/tmp/load --members 200000 --kills 3
#
# The database's data must lie on a disk: in memory fsync costs nothing and the figures mean nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/huitou-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
go build -o "$work/loadgen" ./cmd/loadgen
"$work/loadgen" issue "$@"

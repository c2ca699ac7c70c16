#!/usr/bin/env bash
# Runs every check of Huitou: format, vet, staticcheck and the whole suite with the race detector, on SQLite and on
# MariaDB + Redis. On a fresh Debian machine it installs MariaDB, Redis and gcc where they are missing, and it starts
# private, throw-away servers on free ports of 127.0.0.1. A server that already runs is never touched.
#
#   scripts/test.sh                 everything
#   scripts/test.sh ./service/...   only these packages
#
# TEST_MYSQL_DSN and TEST_REDIS_ADDR, when set, name servers to use instead; on the first, databases called
# huitou_test_… are created and dropped.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

command -v go >/dev/null || { echo "Go is missing: install Go $(sed -n 's/^go //p' go.mod) or newer from https://go.dev/dl/" >&2; exit 1; }

# --- what the machine lacks -------------------------------------------------------------------------------------
packages=()
command -v gcc >/dev/null || packages+=(gcc libc6-dev) # the race detector needs cgo
[ -n "${TEST_MYSQL_DSN:-}" ] || command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || packages+=(mariadb-server)
[ -n "${TEST_REDIS_ADDR:-}" ] || command -v redis-server >/dev/null || packages+=(redis-server)
if [ ${#packages[@]} -gt 0 ]; then
  say "install ${packages[*]}"
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  command -v apt-get >/dev/null || { echo "missing: ${packages[*]}; install them by hand (no apt-get here)" >&2; exit 1; }
  "${sudo[@]}" apt-get update -qq
  # RUNLEVEL=1: the packages' own services are not started; ours are private.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
PATH=$PATH:/usr/sbin

# --- private servers --------------------------------------------------------------------------------------------
work=$(mktemp -d "${TMPDIR:-/tmp}/huitou-test.XXXXXX")
data=$work
# A data folder in memory makes fsync cheap; durability is tested by its settings, not by this run.
if [ -d /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR==2{print $4}')" -gt 1500000 ]; then
  data=$(mktemp -d /dev/shm/huitou-test.XXXXXX)
fi
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work" "$data"
}
trap cleanup EXIT

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 30000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  echo "no free port found" >&2
  return 1
}

start_mariadb() {
  mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
    --datadir="$data/mysql" ${1:+--user="$1"} >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; return 1; }
  local port
  for _ in 1 2 3; do
    port=$(free_port)
    mariadbd --no-defaults ${1:+--user="$1"} --datadir="$data/mysql" --socket="$work/mysql.sock" --pid-file="$work/mysql.pid" \
      --bind-address=127.0.0.1 --port="$port" --character-set-server=utf8mb4 --collation-server=utf8mb4_bin \
      --max-connections=1000 --innodb-buffer-pool-size=256M --innodb-log-file-size=128M --skip-log-bin >"$work/mysql.log" 2>&1 &
    local pid=$!
    for _ in $(seq 100); do
      if mariadb --no-defaults -S "$work/mysql.sock" -uroot -e "CREATE USER IF NOT EXISTS huitou@'127.0.0.1' IDENTIFIED BY 'test'; GRANT ALL ON *.* TO huitou@'127.0.0.1'" 2>/dev/null; then
        pids+=("$pid")
        export TEST_MYSQL_DSN="huitou:test@tcp(127.0.0.1:$port)/"
        return
      fi
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  cat "$work/mysql.log" >&2
  return 1
}

start_redis() {
  local port
  for _ in 1 2 3; do
    port=$(free_port)
    redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
    local pid=$!
    for _ in $(seq 50); do
      if [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ] && kill -0 "$pid" 2>/dev/null; then
        pids+=("$pid")
        export TEST_REDIS_ADDR="127.0.0.1:$port"
        return
      fi
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  cat "$work/redis.log" >&2
  return 1
}

if [ -z "${TEST_MYSQL_DSN:-}" ]; then
  say "start a private MariaDB"
  if [ "$(id -u)" = 0 ]; then start_mariadb root; else start_mariadb; fi
fi
if [ -z "${TEST_REDIS_ADDR:-}" ]; then
  say "start a private Redis"
  start_redis
fi

# --- checks -----------------------------------------------------------------------------------------------------
say "gofmt"
unformatted=$(gofmt -l $(git ls-files '*.go' 2>/dev/null || find . -name '*.go'))
[ -z "$unformatted" ] || { printf 'not formatted:\n%s\n' "$unformatted" >&2; exit 1; }

say "go vet"
go vet ./...

say "staticcheck"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/huitou-tools
staticcheck=$tools/staticcheck-0.8.2-$(go env GOVERSION)
if [ ! -x "$staticcheck" ]; then
  mkdir -p "$tools"
  GOBIN=$work/bin go install honnef.co/go/tools/cmd/staticcheck@v0.8.2
  mv "$work/bin/staticcheck" "$staticcheck"
fi
"$staticcheck" ./...

say "go test"
go build -o "$work/testreport" ./scripts/testreport
# Every room is tested under the race detector. The commands, the tests of whole shops, which go one step after another, and what only reads
# source or draws run without it: it makes them up to ten times slower. Of the whole shops those run once more with it in which many things
# happen at once.
sequential='^huitou/(cmd/(huitou|loadgen|internal/(app|demo|rooms|whole))|model/print)$'
at_once='^Test(T2T3|T12|T18|Tour|GracefulStop|KilledProgram|WhyACoupon)'
tests() {
  if [ $# -gt 0 ]; then
    go test -race -timeout 20m -json "$@"
    return
  fi
  local ok=0
  go list ./... | grep -E "$sequential" | xargs go test -timeout 20m -json || ok=1
  go list ./... | grep -vE "$sequential" | xargs go test -race -timeout 20m -json || ok=1
  go test -race -timeout 20m -json -run "$at_once" ./cmd/internal/whole || ok=1
  return $ok
}
set +e
tests "$@" | "$work/testreport"
status=("${PIPESTATUS[@]}")
set -e
[ "${status[0]}" = 0 ] && [ "${status[1]}" = 0 ]

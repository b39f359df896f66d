#!/usr/bin/env bash
# Everything that must hold before a change is merged. Needs a Rust toolchain, a C compiler and make; a Redis, a PostgreSQL, a Chromium with
# its WebDriver and a mail server (aiosmtpd) are installed from the system's packages if there are none. REPLYFLOW_BROWSER and REPLYFLOW_CHROMEDRIVER name others.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

redis_major() {
  command -v redis-server >/dev/null || { echo 0; return; }
  redis-server --version | sed -n 's/.*v=\([0-9]*\)\..*/\1/p'
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "Root is needed for: $*. Do that yourself and run this again." >&2; return 1
  fi
}

install_redis() {
  if command -v apt-get >/dev/null; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    # Only the server's program is wanted, not a service that starts with the machine.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends redis-server
  elif command -v apk >/dev/null; then as_root apk add --no-cache redis
  elif command -v dnf >/dev/null; then as_root dnf install -y redis
  elif command -v brew >/dev/null; then brew install redis
  else echo "No package manager that this script knows (apt-get, apk, dnf, brew)." >&2; return 1
  fi
}

if [ "$(redis_major)" -lt 7 ]; then
  say "Installing Redis"
  install_redis || true
  if [ "$(redis_major)" -lt 7 ]; then
    echo "The tests need a redis-server of version 7 or newer on the path; there is $(redis_major) (0: none)." >&2
    exit 1
  fi
fi

# Debian keeps the programs of the server away from the path.
has_postgres() { command -v initdb >/dev/null && command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

install_postgres() {
  if command -v apt-get >/dev/null; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    # The tests start a cluster of their own; one that starts with the machine is not wanted.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends postgresql
  elif command -v apk >/dev/null; then as_root apk add --no-cache postgresql
  elif command -v dnf >/dev/null; then as_root dnf install -y postgresql-server
  elif command -v brew >/dev/null; then brew install postgresql
  else echo "No package manager that this script knows (apt-get, apk, dnf, brew)." >&2; return 1
  fi
}

if ! has_postgres; then
  say "Installing PostgreSQL"
  install_postgres || true
  if ! has_postgres; then
    echo "The tests need initdb and postgres of PostgreSQL 13 or newer on the path or in /usr/lib/postgresql." >&2
    exit 1
  fi
fi

install_browser() {
  if command -v apt-get >/dev/null; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends chromium chromium-driver
  elif command -v apk >/dev/null; then as_root apk add --no-cache chromium chromium-chromedriver
  elif command -v dnf >/dev/null; then as_root dnf install -y chromium chromedriver
  elif command -v brew >/dev/null; then brew install --cask chromium chromedriver
  else echo "No package manager that this script knows (apt-get, apk, dnf, brew)." >&2; return 1
  fi
}

if ! command -v "${REPLYFLOW_CHROMEDRIVER:-chromedriver}" >/dev/null; then
  say "Installing Chromium and its driver"
  install_browser || true
  if ! command -v "${REPLYFLOW_CHROMEDRIVER:-chromedriver}" >/dev/null; then
    echo "The tests of the page /phone need Chromium and chromedriver on the path, or REPLYFLOW_BROWSER and REPLYFLOW_CHROMEDRIVER." >&2
    exit 1
  fi
fi

install_mail_server() {
  if command -v apt-get >/dev/null; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3-aiosmtpd
  elif command -v apk >/dev/null; then as_root apk add --no-cache python3 py3-aiosmtpd
  elif command -v dnf >/dev/null; then as_root dnf install -y python3-aiosmtpd
  else "$python" -m pip install --user aiosmtpd
  fi
}

# The system's Python has the system's packages; another one on the path may not. REPLYFLOW_PYTHON names another.
python="${REPLYFLOW_PYTHON:-$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)}"
if ! "$python" -c 'import aiosmtpd' 2>/dev/null; then
  say "Installing a mail server for the tests"
  install_mail_server || true
  if ! "$python" -c 'import aiosmtpd' 2>/dev/null; then
    echo "The tests of mail need Python 3 with aiosmtpd (Debian: python3-aiosmtpd), or REPLYFLOW_PYTHON that names one that has it." >&2
    exit 1
  fi
fi

# Most tests wait for something most of the time: for leases to end, for processes to start. Twice as many as there are cores keep these busy.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)))}"

say "Formatting";  cargo fmt --check
say "Lints";       cargo clippy --locked --all-targets -- -D warnings
say "Tests";       cargo test --locked
say "Sample flows"; cargo run --locked --quiet -- fmt --check && cargo run --locked --quiet -- check && cargo run --locked --quiet -- test

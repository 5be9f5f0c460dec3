#!/bin/sh
# Makes `prometheus` and `promtool` available: those on PATH, else Debian's package, unpacked into TARGET without root.
# Usage: fetch_prometheus.sh TARGET
set -eu

target=${1:?usage: fetch_prometheus.sh TARGET}

fail() {
    echo "clickstream: $1. Install prometheus and promtool on PATH (Debian: apt-get install prometheus) and repeat" >&2
    exit 1
}

command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 && exit 0
[ -x "$target/usr/bin/prometheus" ] && [ -x "$target/usr/bin/promtool" ] && exit 0
command -v apt-get >/dev/null 2>&1 || fail "prometheus is not on PATH, and there is no apt-get to fetch it with"

# Unpacked, not installed: nothing of the machine changes, and no service starts. The programs are static but for libc.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
download() { (cd "$folder" && apt-get download prometheus) >"$folder/log" 2>&1; }
# The list of packages may be missing or older than the archive; only root may renew it.
download || { [ "$(id -u)" = 0 ] && apt-get update >/dev/null 2>&1 && download; } ||
    fail "apt-get could not fetch prometheus ($(tail -n 1 "$folder/log"))"
mkdir -p "$target"
dpkg-deb -x "$folder"/prometheus_*.deb "$folder/unpacked" || fail "Debian's package could not be unpacked"
rm -rf "$target/usr"
mv "$folder/unpacked/usr" "$target/usr"

#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: installs Debian's where it may, else says how to.
command -v chromium >/dev/null 2>&1 && exit 0
line='apt-get install -y --no-install-recommends chromium'
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "clickstream: chromium not found, which the browser tests drive (Debian: $line)" >&2
    exit 1
fi
echo "Chromium by apt-get (about 500 MB, once)"
apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null

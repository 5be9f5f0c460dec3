#!/bin/sh
# The Python of an image: ROOT/opt/clickstream/venv with what requirements.txt pins, and nothing else.
# Usage: python.sh ROOT jobs|services    (services: without Flink). Done again, it does nothing while the pins are the same.
set -eu

root=${1:?usage: python.sh ROOT jobs|services}
image=${2:?usage: python.sh ROOT jobs|services}
source=$(cd "$(dirname "$0")/../../.." && pwd)
home=${root%/}/opt/clickstream
python=${PYTHON:-python3.11}

[ "$(uname -sm)" = "Linux x86_64" ] || {
    echo "clickstream: images are built for linux/amd64, and this is $(uname -sm): a library of PyFlink has no other wheel" >&2
    exit 1
}
# The pins are complete, so nothing is resolved here (--no-deps): leaving Flink out leaves nothing else undefined.
case $image in
jobs) left_out='^$' ;;
services) left_out='^\(apache-flink\|apache-flink-libraries\|apache-beam\|pemja\|py4j\)==' ;;
*) echo "usage: python.sh ROOT jobs|services" >&2 && exit 2 ;;
esac

mkdir -p "$home"
sed "/$left_out/d" "$source/requirements.txt" >"$home/requirements.wanted"
if ! cmp -s "$home/requirements.wanted" "$home/requirements.installed"; then
    rm -rf "$home/venv" "$home/requirements.installed"
    "$python" -m venv "$home/venv"
    "$home/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r "$home/requirements.wanted"
    cp "$home/requirements.wanted" "$home/requirements.installed"
fi
rm "$home/requirements.wanted"

#!/bin/sh
# Of every container: runs its arguments with the programs of this image on PATH.
home=$(cd "$(dirname "$0")/.." && pwd)
export FLINK_HOME="${FLINK_HOME:-$(dirname "$home")/flink}"
export PATH="$home/venv/bin:$home/bin:$FLINK_HOME/bin:$PATH"
exec "$@"

#!/bin/sh
# The platform's code, ROOT/opt/clickstream, known to the venv that python.sh made there. Usage: code.sh ROOT
set -eu

root=${1:?usage: code.sh ROOT}
source=$(cd "$(dirname "$0")/../../.." && pwd)
home=${root%/}/opt/clickstream
packages="analytics clickstream collector pyflink_jobs sinks udfs"

cd "$source"
# What npm builds and the services serve to browsers.
built=
for folder in tracker dashboard; do
    [ ! -f "$folder/package.json" ] || built="$built $folder/dist"
done
for folder in $built; do
    [ -d "$folder" ] || {
        echo "clickstream: there is no $folder, which browsers are served from: run make ${folder%/dist}" >&2
        exit 1
    }
done
for folder in $packages $built ddl bin; do
    rm -rf "${home:?}/$folder"
done
mkdir -p "$home/bin"
# shellcheck disable=SC2086  # several folders
tar --exclude __pycache__ -cf - $packages $built ddl pyproject.toml requirements.in README.md LICENSE | tar -xf - -C "$home"
cp deploy/docker/bin/* "$home/bin/"
chmod 755 "$home/bin"/*

# Jobs are named by their path, so the code lies here once, and the venv refers to it. What is compiled now need not be
# where the image cannot be written to.
"$home/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -e "$home"
# shellcheck disable=SC2086
(cd "$home" && venv/bin/python -m compileall -q $packages)

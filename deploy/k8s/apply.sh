#!/bin/sh
# Applies a folder in order: accounts, settings and the migration first; once that is done, jobs and services.
# Usage: apply.sh FOLDER [options of kubectl], such as: apply.sh deploy/k8s/overlays/prod --context production
# It may be repeated: the migration runs again, and does nothing where nothing has changed. kubectl 1.27 or newer.
set -eu

folder=${1:?usage: apply.sh FOLDER [options of kubectl]}
shift
kubectl=${KUBECTL:-kubectl}
minutes=${MIGRATE_MINUTES:-30}

# A Job cannot be changed, so the one before has to go.
"$kubectl" "$@" delete -k "$folder" -l clickstream/step=migrate --ignore-not-found
"$kubectl" "$@" apply -k "$folder" -l 'clickstream/step!=run'
namespace=$("$kubectl" "$@" apply -k "$folder" -l clickstream/step=migrate -o 'jsonpath={.metadata.namespace}')
"$kubectl" "$@" wait -n "$namespace" --for=condition=complete --timeout="${minutes}m" job/migrate || {
    echo "clickstream: the migration has not succeeded, so no job was started or changed; what it says:" >&2
    "$kubectl" "$@" logs -n "$namespace" job/migrate --tail=20 >&2 || true
    exit 1
}
"$kubectl" "$@" apply -k "$folder"

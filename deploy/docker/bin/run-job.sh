#!/bin/bash
# A job as an application of its own, without an operator: a JobManager that keeps its checkpoints and savepoints below STATE
# and goes on from the newest of them, where there is one. TaskManagers are started by themselves (taskmanager.sh).
# Each job has a STATE of its own, an absolute path that is the same in all its containers.
# Usage: run-job.sh STATE [-D key=value ...] ENTRY_CLASS [ARGUMENTS OF THE JOB]
set -euo pipefail

state=${1:?usage: run-job.sh STATE [-D key=value ...] ENTRY_CLASS [ARGUMENTS]}
shift
settings=(-D "execution.checkpointing.dir=file://$state" -D "execution.checkpointing.savepoint-dir=file://$state")
while [ "${1:-}" = -D ]; do
    settings+=(-D "$2")
    shift 2
done
class=${1:?usage: run-job.sh STATE [-D key=value ...] ENTRY_CLASS [ARGUMENTS]}
shift

# _metadata is written last, so that what has one is complete.
newest=$({ find "$state" -name _metadata -printf '%T@ %h\n' 2>/dev/null || true; } | sort -n | sed -n '$s/^[^ ]* //p')
restored=()
if [ -n "$newest" ]; then
    echo "clickstream: goes on from $newest" >&2
    restored=(--fromSavepoint "file://$newest")
fi
exec standalone-job.sh start-foreground "${settings[@]}" "${restored[@]}" --job-classname "$class" "$@"

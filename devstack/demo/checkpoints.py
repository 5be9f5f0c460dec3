"""Where the demo's jobs go on: a cancelled job leaves its last checkpoints, so the next demo need not begin anew."""

import shutil
from collections.abc import Collection
from pathlib import Path

from devstack.files import read_json, write_json
from devstack.layout import Layout

_FORGOTTEN = "forgotten"


class Checkpoints:
    """The checkpoints of the demo's jobs, in one devstack; the jobs of each name are kept in a file, the last one last.

    Folders of jobs that somebody else submitted are never touched.
    """

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.flink / "checkpoints"
        self._file = layout.root / "demo-jobs.json"

    def remember(self, name: str, source: str, job: str) -> None:
        """Note the last job of that name that reads this source (ods or dwd), by its id."""
        known = self._known()
        key = f"{name} {source}"
        write_json(self._file, {**known, key: [*known.get(key, []), job]})

    def forget(self, name: str, source: str) -> None:
        """Let the next one begin anew. What the earlier ones left goes with the next `prune`."""
        known = self._known()
        left = known.pop(f"{name} {source}", [])
        write_json(self._file, {**known, _FORGOTTEN: [*known.get(_FORGOTTEN, []), *left]})

    def latest(self, name: str, source: str) -> str | None:
        """The URI of the newest complete checkpoint of the jobs of that name; None where there is none.

        A job that ended before its first one leaves its successor the checkpoint that it began at itself.
        """
        for job in reversed(self._known().get(f"{name} {source}", [])):
            if found := self._complete(job):
                return max(found, key=_number).parent.as_uri()
        return None

    def prune(self, running: Collection[str]) -> None:
        """Delete what no later job goes on at: all checkpoints but those of the last job of each name that has any.

        Args:
            running: ids of jobs that have not ended: their checkpoints stay in any case.
        """
        kept: dict[str, list[str]] = {}
        for key, jobs in self._known().items():
            needed = {*running, *([] if key == _FORGOTTEN else self._needed(jobs))}
            for job in jobs:
                if job not in needed:
                    shutil.rmtree(self._folder / job, ignore_errors=True)
            kept[key] = [job for job in jobs if job in needed]
        write_json(self._file, {key: jobs for key, jobs in kept.items() if jobs})

    def _needed(self, jobs: list[str]) -> list[str]:
        """The last job that has a complete checkpoint, and those behind it, which may still take their first."""
        complete = [index for index, job in enumerate(jobs) if self._complete(job)]
        return jobs[complete[-1] :] if complete else jobs

    def _known(self) -> dict[str, list[str]]:
        # One id for each name was kept here once.
        return {key: [jobs] if isinstance(jobs, str) else jobs for key, jobs in read_json(self._file).items()}

    def _complete(self, job: str) -> list[Path]:
        """Flink writes _metadata last: what has it is complete."""
        return list((self._folder / job).glob("chk-*/_metadata"))


def _number(metadata: Path) -> int:
    return int(metadata.parent.name.removeprefix("chk-"))

"""Where the demo's jobs go on: a cancelled job leaves its last checkpoints, so the next demo need not begin anew."""

from pathlib import Path

from devstack.files import read_json, write_json
from devstack.layout import Layout


class Checkpoints:
    """The checkpoints of the demo's jobs, in one devstack; which job was the last of its name is kept in a file."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.flink / "checkpoints"
        self._file = layout.root / "demo-jobs.json"

    def remember(self, name: str, source: str, job: str) -> None:
        """Note the last job of that name that reads this source (ods or dwd), by its id."""
        write_json(self._file, {**read_json(self._file), f"{name} {source}": job})

    def forget(self, name: str, source: str) -> None:
        """Let the next one begin anew."""
        write_json(
            self._file, {key: value for key, value in read_json(self._file).items() if key != f"{name} {source}"}
        )

    def latest(self, name: str, source: str) -> str | None:
        """The URI of the newest complete checkpoint of the last job of that name; None where there is none."""
        job = read_json(self._file).get(f"{name} {source}")
        # Flink writes _metadata last: what has it is complete.
        found = list((self._folder / str(job)).glob("chk-*/_metadata")) if job else []
        return max(found, key=_number).parent.as_uri() if found else None


def _number(metadata: Path) -> int:
    return int(metadata.parent.name.removeprefix("chk-"))

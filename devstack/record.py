"""Which process a server is, as its supervisor last saw it: for the commands, and for the next supervisor."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from devstack.files import read_json, write_json
from devstack.processes import ProcessId

# How often in a row a server may end within seconds of its start before waiting for it is no use.
CRASHES = 3


@dataclass(frozen=True)
class Record:
    """The supervisor's note on one server.

    Attributes:
        pid: its process, 0 when it was never started.
        started: that process's start, in clock ticks since boot.
        fingerprint: of the command line and environment it was started with.
        restarts: how often it was started again since the devstack came up.
        crashes: how often in a row it ended within seconds of its start.
        failure: why it could not be started; empty when it could.
    """

    pid: int = 0
    started: int = 0
    fingerprint: str = ""
    restarts: int = 0
    crashes: int = 0
    failure: str = ""

    @property
    def process(self) -> ProcessId | None:
        """Its process, when it still runs."""
        identity = ProcessId(self.pid, self.started)
        return identity if self.pid and identity.alive else None

    @property
    def gave_up(self) -> bool:
        """Whether there is no use in waiting for it: it cannot be started, or ends again and again."""
        return bool(self.failure) or (self.crashes >= CRASHES and self.process is None)

    @classmethod
    def load(cls, path: Path) -> "Record":
        """The note in a file; an empty one when there is none."""
        known = {entry.name for entry in fields(cls)}
        return cls(**{name: value for name, value in read_json(path).items() if name in known})

    def save(self, path: Path) -> None:
        """Replace the note in a file."""
        write_json(path, asdict(self))

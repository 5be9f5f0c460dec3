"""Where a devstack keeps its files: everything lives below one folder, so that two devstacks never meet."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CLICKSTREAM_DEVSTACK_DIR"
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Layout:
    """The folders of one devstack.

    Attributes:
        root: absolute path of its folder.
    """

    root: Path

    @classmethod
    def at(cls, directory: str | os.PathLike[str]) -> "Layout":
        """The layout below a folder that need not exist yet."""
        return cls(Path(directory).absolute())

    @classmethod
    def default(cls, environment: Mapping[str, str]) -> "Layout":
        """The folder that CLICKSTREAM_DEVSTACK_DIR names, else `.devstack` in the working directory."""
        return cls.at(environment.get(VARIABLE) or ".devstack")

    @property
    def jars(self) -> Path:
        """What devstack/fetch_jars.sh fetched: one copy for every devstack of this checkout."""
        return REPOSITORY / ".devstack" / "jars"

    @property
    def run(self) -> Path:
        """Plan, process records and locks."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log a server, and Flink's own files."""
        return self.root / "logs"

    @property
    def flink(self) -> Path:
        """Flink's home, configuration, checkpoints and temporary files."""
        return self.root / "flink"

    @property
    def dead_letters(self) -> Path:
        """Where jobs put what no server accepts."""
        return self.root / "dead-letters"

    def data(self, server: str) -> Path:
        """What a server must find again after kill -9."""
        return self.root / "data" / server

    def log(self, server: str) -> Path:
        """What a server prints."""
        return self.logs / f"{server}.log"

    def record(self, server: str) -> Path:
        """Which process a server is now."""
        return self.run / f"{server}.json"

    def make(self) -> None:
        """Create the folders; private, for passwords are kept in them."""
        for folder in (self.run, self.logs, self.flink, self.dead_letters, self.root / "data"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

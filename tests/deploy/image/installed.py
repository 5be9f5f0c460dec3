"""What the images hold: their install scripts run into folders of this checkout, as a build would run them into /."""

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.kit.servers import REPOSITORY

INSTALL = REPOSITORY / "deploy" / "docker" / "install"
FOLDER = REPOSITORY / ".devstack" / "image"
JARS = FOLDER / "jars"


@dataclass(frozen=True)
class Image:
    """One image's content, below `root` instead of /."""

    root: Path

    @property
    def home(self) -> Path:
        """/opt/clickstream."""
        return self.root / "opt" / "clickstream"

    @property
    def flink(self) -> Path:
        """/opt/flink."""
        return self.root / "opt" / "flink"

    @property
    def entrypoint(self) -> Path:
        """What every container starts."""
        return self.home / "bin" / "entrypoint.sh"

    def path(self, text: str) -> str:
        """A path in the image as one of this machine; other text as it is."""
        return f"{self.root}{text}" if text.startswith("/opt/") else text

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a container would, without any setting."""
        return subprocess.run(
            [self.entrypoint, *command], env=bare(), capture_output=True, text=True, timeout=120, check=False
        )

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of everything that a container may only read, by path: volumes lie over Flink's log folder."""
        logs = self.flink / "log"
        return {
            str(path.relative_to(self.root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in self.root.rglob("*")
            if not path.is_dir() and logs not in path.parents
        }


def bare() -> dict[str, str]:
    """The environment of a container that was told nothing: this checkout's own Python is not on its PATH."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}


@cache
def jobs() -> Image:
    """The image of all jobs. The first time it takes as long as pip and Maven need for their downloads."""
    return _installed("jobs", ("python.sh", "jobs"), ("flink.sh", str(JARS)), ("code.sh",))


@cache
def services() -> Image:
    """The image of the services."""
    return _installed("services", ("python.sh", "services"), ("code.sh",))


def _installed(name: str, *scripts: tuple[str, ...]) -> Image:
    root = FOLDER / name
    root.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name == "jobs":
            script("jars.sh", str(JARS))
        for each, *arguments in scripts:
            script(each, str(root), *arguments)
    return Image(root)


def script(name: str, *arguments: str) -> None:
    """Run one of the install scripts."""
    # Any 3.11 will do; the one that runs the tests is there.
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", INSTALL / name, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"

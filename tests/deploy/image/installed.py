"""What the images hold: their install scripts run into folders of this checkout, as a build would run them into /."""

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.kit.servers import REPOSITORY
from tests.kit.waiting import wait_for

INSTALL = REPOSITORY / "deploy" / "docker" / "install"
FOLDER = REPOSITORY / ".devstack" / "image"
JARS = FOLDER / "jars"
# What the packages that the services' image leaves out would be imported as.
LACKING = ("pyflink", "apache_beam", "pemja", "py4j")


@dataclass(frozen=True)
class Image:
    """One image's content.

    Attributes:
        root: the folder that stands for /.
        lacking: modules that are not in it, or must be taken for such; `bare` says how.
    """

    root: Path
    lacking: tuple[str, ...] = ()

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
            [self.entrypoint, *command], env=self.bare(), capture_output=True, text=True, timeout=120, check=False
        )

    def bare(self) -> dict[str, str]:
        """The environment of a container that was told nothing: this checkout's own Python is not on its PATH."""
        found = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
        if self.lacking:
            found["PYTHONPATH"] = str(_refused(self.lacking))
        return found

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and time of everything that a container may only read, by path: volumes lie over Flink's log folder."""
        logs = self.flink / "log"
        return {
            str(path.relative_to(self.root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in self.root.rglob("*")
            if not path.is_dir() and path.parent.name != "__pycache__" and logs not in path.parents
        }


@cache
def jobs() -> Image:
    """The image of all jobs. The first time it takes as long as pip and Maven need for their downloads."""
    return _installed("jobs", ("python.sh", "jobs"), ("flink.sh", str(JARS)), ("code.sh",))


@cache
def services() -> Image:
    """The image of the services, made in full: a second environment takes pip half a minute."""
    return _installed("services", ("python.sh", "services"), ("code.sh",))


@cache
def like_services() -> Image:
    """The image of the jobs, in which whoever imports what the services' image lacks gets an error."""
    return replace(jobs(), lacking=LACKING)


def _installed(name: str, *scripts: tuple[str, ...]) -> Image:
    root = FOLDER / name
    root.mkdir(parents=True, exist_ok=True)
    # Held until this process ends: what runs from the folder must not lose it to another that makes it anew.
    lock = os.open(FOLDER / f"{name}.lock", os.O_CREAT | os.O_RDWR, 0o644)

    def locked() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    wait_for(locked, 300, f"{root} is in use: another process of tests has held {name}.lock for five minutes")
    if name == "jobs":
        script("jars.sh", str(JARS))
    for each, *arguments in scripts:
        script(each, str(root), *arguments)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return Image(root)


def _refused(modules: tuple[str, ...]) -> Path:
    """A folder in which these modules are found first, and cannot be imported."""
    folder = FOLDER / "refused"
    folder.mkdir(parents=True, exist_ok=True)
    for module in modules:
        (folder / f"{module}.py").write_text('raise ImportError(f"{__name__} is not in the image of the services")\n')
    return folder


def script(name: str, *arguments: str) -> None:
    """Run one of the install scripts."""
    # Any 3.11 will do; the one that runs the tests is there.
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", INSTALL / name, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"

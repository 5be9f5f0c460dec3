"""Flink's home and configuration: the distribution inside the PyFlink wheel, our jars, and this machine's settings."""

import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from clickstream.errors import ConfigurationError
from devstack.files import write_if_changed
from devstack.layout import REPOSITORY, Layout
from devstack.plan import Plan
from devstack.ports import HOST

SLOTS = 8

# JobManager and TaskManager both build it before they start.
_building = threading.Lock()


def home(layout: Layout) -> Path:
    """FLINK_HOME."""
    return layout.flink / "home"


def configuration(layout: Layout) -> Path:
    """FLINK_CONF_DIR."""
    return layout.flink / "conf"


def build(layout: Layout, plan: Plan) -> None:
    """Make or refresh both folders. Does nothing when they are right.

    Raises:
        ConfigurationError: PyFlink or the connector's jar is missing.
    """
    # Found without importing it: importing PyFlink takes seconds.
    wheel = (
        Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages" / "pyflink"
    )
    jars = layout.jars / "flink"
    for needed in (wheel / "lib", jars):
        if not needed.is_dir():
            raise ConfigurationError(f"Flink needs {needed}, which is not there: run make setup")
    with _building:
        # flink-python as well, as in the image: else each job, and each restart of it, loads its classes anew.
        python = (wheel / "opt").glob("flink-python-*.jar")
        _link(home(layout) / "lib", [*(wheel / "lib").iterdir(), *python, *jars.glob("*.jar")])
        _link(home(layout) / "opt", (wheel / "opt").iterdir())
        _link(home(layout) / "plugins", (path for path in (wheel / "plugins").iterdir() if path.is_dir()))
        # Copied: the scripts find their home by following links to themselves.
        if not (home(layout) / "bin" / "flink").exists():
            shutil.copytree(wheel / "bin", home(layout) / "bin", dirs_exist_ok=True)
            for script in (home(layout) / "bin").iterdir():
                script.chmod(0o755)
        for source in REPOSITORY.glob("flink-conf/log4j-*.properties"):
            write_if_changed(configuration(layout) / source.name, source.read_text(encoding="utf-8"))
        settings = yaml.safe_load((REPOSITORY / "flink-conf" / "config.yaml").read_text(encoding="utf-8"))
        settings.update(overrides(layout, plan))
        # Long lines unbroken: Flink's own scripts read some of them one by one.
        write_if_changed(configuration(layout) / "config.yaml", yaml.safe_dump(settings, width=100_000))
        for folder in ("checkpoints", "savepoints", "tmp", "upload"):
            (layout.flink / folder).mkdir(parents=True, exist_ok=True)


def overrides(layout: Layout, plan: Plan) -> dict[str, Any]:
    """What a devstack changes in flink-conf/config.yaml: addresses, folders, sizes, the interpreter."""
    return {
        "jobmanager.rpc.address": HOST,
        "jobmanager.rpc.port": plan.ports["flink-rpc"],
        "jobmanager.bind-host": HOST,
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.numberOfTaskSlots": SLOTS,
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": plan.ports["flink-rest"],
        # Two processes on one machine: each is told a port of its own; else it takes the first free one.
        "metrics.reporter.prometheus.port": "9249-9349",
        "execution.checkpointing.dir": (layout.flink / "checkpoints").as_uri(),
        "execution.checkpointing.savepoint-dir": (layout.flink / "savepoints").as_uri(),
        "io.tmp.dirs": str(layout.flink / "tmp"),
        "web.upload.dir": str(layout.flink / "upload"),
        "env.log.dir": str(layout.logs),
        "env.pid.dir": str(layout.run),
        # Flink would start whatever `python` is first on PATH.
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
    }


def _link(folder: Path, targets: Any) -> None:
    """Make a folder hold links to these paths and nothing else. Links one by one: Flink does not follow the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {target.name: target for target in targets}
    for present in folder.iterdir():
        if present.is_symlink() and wanted.get(present.name) == present.readlink():
            del wanted[present.name]
        else:
            present.unlink()
    for name, target in wanted.items():
        (folder / name).symlink_to(target)

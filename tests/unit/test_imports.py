"""Imports point one way, Flink stays in its adapters, and no module reads the environment when it is imported."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("clickstream", "sinks", "udfs", "pyflink_jobs", "devstack", "collector", "analytics", "shop")
# What a package may import besides itself.
ALLOWED = {
    "clickstream": set(),
    "sinks": {"clickstream"},
    "udfs": {"clickstream", "sinks"},
    "pyflink_jobs": {"clickstream", "sinks", "udfs"},
    "devstack": {"clickstream"},
    "collector": {"clickstream"},
    "analytics": {"clickstream"},
    "shop": {"clickstream"},
}
FLINK = ("sinks/flink/", "udfs/", "pyflink_jobs/")


def modules(*packages: str) -> list[Path]:
    return [path.relative_to(ROOT) for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno


def test_the_packages_are_found() -> None:
    assert len(modules("clickstream")) > 20
    assert len(modules("sinks")) > 10


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    forbidden = set(PACKAGES) - ALLOWED[package] - {package} | {"tests", "bench"}
    wrong = [
        f"{path}:{line} imports {name}"
        for path in modules(package)
        for name, line in imported(path)
        if name.partition(".")[0] in forbidden
    ]
    assert wrong == []


def test_only_the_adapters_import_flink() -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path in modules(*PACKAGES)
        if not path.as_posix().startswith(FLINK)
        for name, line in imported(path)
        if name.partition(".")[0] in ("pyflink", "apache_beam")
    ]
    assert wrong == []


RECORDER = """
import importlib, os, sys
import prometheus_client # not ours: it copies the whole environment to look for a variable of its own
class Recorder(type(os.environ)):
    def __getitem__(self, key):
        read.append(key)
        return super().__getitem__(key)
    def __iter__(self):
        # Whole copies are made for children by libraries; a copy in a module of ours would show in `read` as well.
        return super().__iter__()
read = []
e = os.environ
os.environ = Recorder(e._data, e.encodekey, e.decodekey, e.encodevalue, e.decodevalue)
os.getenv = lambda key, default=None: os.environ.get(key, default)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({key for key in read if key.startswith("CLICKSTREAM_")}))
"""


def read_by_importing(*names: str, path: Path = ROOT) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RECORDER, *names],
        cwd=path,
        env={**os.environ, "CLICKSTREAM_SINK_TABLE": "seen", "CLICKSTREAM_NO_SUCH_THING": "seen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_reads_no_setting() -> None:
    names = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in modules("clickstream", "sinks", "devstack", "collector", "analytics", "shop")
        if path.name != "__main__.py" and not path.as_posix().startswith(FLINK)
    ]
    assert read_by_importing(*names) == []


@pytest.mark.parametrize("how", ["os.environ.get('CLICKSTREAM_X')", "os.getenv('CLICKSTREAM_X')"])
def test_a_module_that_reads_one_would_be_noticed(how: str, tmp_path: Path) -> None:
    (tmp_path / "reader.py").write_text(f"import os\n{how}\n")
    assert read_by_importing("reader", path=tmp_path) == ["CLICKSTREAM_X"]

"""The commands under Start in docs/COLLECTOR.md, as they stand there, but for Kafka and the port."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.kit.collector import CollectorProcess
from tests.kit.servers import REPOSITORY, own_environment

pytestmark = pytest.mark.net

START = (REPOSITORY / "docs" / "COLLECTOR.md").read_text(encoding="utf-8").split("\n## Start\n")[1].split("\n## ")[0]


def run(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**own_environment(), "PATH": path, **more}
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_they_work_and_the_file_does_not_hold_the_key(tmp_path: Path) -> None:
    make = re.search(r"^    (clickstream write-key .*)$", START, re.M)
    send = re.search(r"^    (curl .*?)\n    (\{.*\})$", START, re.M | re.S)
    assert make
    assert send
    key = run(make[1], tmp_path).stderr.split()[-1]
    made = (tmp_path / "collector.yaml").read_text()
    assert key.startswith("cs_")
    assert key not in made
    sinks = {"files": {"type": "file", "folder": "events"}}
    with CollectorProcess(tmp_path / "running", {**yaml.safe_load(made), "sinks": sinks}, {}) as collector:
        answer = run(send[1].replace("127.0.0.1:8003", f"127.0.0.1:{collector.port}"), tmp_path, KEY=key).stdout
    assert answer == send[2]

"""What a container's log holds: flink-conf's layout in Flink's own logging library, one JSON object a line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.servers.server import java
from tests.kit.servers import REPOSITORY

FLINK = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages" / "pyflink"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """Lines of the console, and the file that the web UI shows."""
    file = tmp_path_factory.mktemp("logs") / "taskmanager.log"
    jars = [*(FLINK / "lib").glob("log4j-*.jar"), *(FLINK / "lib").glob("flink-dist-*.jar")]
    done = subprocess.run(
        [
            java(),
            f"-Dlog.file={file}",
            f"-Dlog4j.configurationFile={REPOSITORY / 'flink-conf' / 'log4j-console.properties'}",
            "-classpath",
            ":".join(map(str, jars)),
            str(Path(__file__).with_name("LogLines.java")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines(), file.read_text(encoding="utf-8")


def test_each_line_is_an_object_that_names_job_and_operator(printed: tuple[list[str], str]) -> None:
    said, failed = (json.loads(line) for line in printed[0])
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "INFO",
        "logger": "org.apache.flink.Something",
        "job_id": "0123456789abcdef0123456789abcdef",
        "operator": "Insert (1/2)#0",
        "message": 'a "quoted" word\nand a second line',
    }
    assert "job_id" not in failed
    assert failed["message"] == "it broke"
    assert failed["error"].startswith("java.lang.IllegalStateException: because\n\tat ")


def test_the_web_ui_shows_the_same_as_text(printed: tuple[list[str], str]) -> None:
    assert 'INFO  o.a.f.Something [] - a "quoted" word\n' in printed[1]
    assert "a line a partition" not in printed[1]

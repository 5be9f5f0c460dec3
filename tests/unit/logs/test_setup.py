"""Who is heard, in processes of their own: logging belongs to a process."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import logging, sys, warnings
from clickstream import logs
from clickstream.config.logs import LogSettings
settings = LogSettings(format=sys.argv[2], level=sys.argv[3])
for _ in range(2):  # again, as where a worker of the web server sets up what its parent did
    getattr(logs, sys.argv[1])("collector", settings)
for name in ("collector.app", "uvicorn.error", "uvicorn.access", "pymongo.command", "urllib3", "grpc", "asyncio"):
    for level in (10, 20, 30, 40):
        logging.getLogger(name).log(level, "%s says %d", name, level)
warnings.warn("careful")
raise ValueError("user-4711")
"""


def run(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, ""), "everything goes to stderr"
    return done.stderr.splitlines()


def objects(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments)]


@pytest.mark.parametrize(
    ("kind", "level", "heard"),
    [
        ("service", "debug", {"collector.app": 10, "uvicorn.error": 20, "grpc": 30, "asyncio": 30}),
        ("service", "error", {"collector.app": 40, "uvicorn.error": 40, "grpc": 30, "asyncio": 30}),
        ("command", "debug", {"collector.app": 30, "uvicorn.error": 30, "grpc": 30, "asyncio": 30}),
    ],
)
def test_each_is_heard_once_from_its_level_on(kind: str, level: str, heard: dict[str, int]) -> None:
    *lines, warned, ended = objects(kind, "json", level)
    levels = (10, 20, 30, 40)
    expected = [(name, f"{name} says {each}") for name, least in heard.items() for each in levels if each >= least]
    assert [(line["logger"], line["message"]) for line in lines] == expected
    assert (warned["logger"], "careful" in warned["message"]) == ("py.warnings", True)
    assert (ended["level"], ended["error"].rpartition("\n")[2]) == ("CRITICAL", "ValueError")


def test_text_is_for_people_and_python_ends_as_it_does() -> None:
    lines = run("service", "text", "warning")
    assert lines[0].endswith("Z WARNING collector.app collector.app says 30")
    assert lines[-1] == "ValueError: user-4711"


def test_what_a_command_says_on_its_way_out_is_json_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clickstream", "hot", "shop", "home"],
        env={"CLICKSTREAM_LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = (json.loads(line) for line in done.stderr.splitlines())
    assert done.returncode == 1
    assert (line["level"], line["service"]) == ("ERROR", "hot")
    assert "CLICKSTREAM_REDIS_URL" in line["message"]

"""`make` alone."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_target_that_says_what_it_does_is_listed() -> None:
    said = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    listed = {line.split()[0] for line in said.splitlines() if line.strip()}
    targets = re.findall(r"^([^\s:=#]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test", "test-unit", "test-k8s"} <= set(targets) <= listed

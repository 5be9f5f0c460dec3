"""Two processes share the tests by groups: what shares servers by fixtures of its folder is never torn."""

import os
import re
import subprocess
import sys
from collections import defaultdict

from tests.kit.servers import REPOSITORY

FOLDERS = ("tests/unit/recent_items", "tests/unit/scoring", "tests/unit/shop", "tests/unit/reconcile")


def test_every_group_stays_in_one_process() -> None:
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", "-v"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *FOLDERS], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    processes = defaultdict(set)
    for process, folder in re.findall(r"^\[(gw\d)\].* (tests/\S+)/\w+\.py::", done.stdout, re.MULTILINE):
        processes[folder].add(process)
    assert sorted(processes) == sorted(FOLDERS)
    assert all(len(each) == 1 for each in processes.values()), dict(processes)
    assert set().union(*processes.values()) == {"gw0", "gw1"}

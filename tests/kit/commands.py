"""The command line, as an operator runs it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def clickstream(environment: Mapping[str, str], *arguments: str) -> str:
    """Run `clickstream ARGUMENTS` and expect success; what it printed."""
    command = [str(Path(sys.executable).parent / "clickstream"), *arguments]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout

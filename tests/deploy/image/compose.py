"""deploy/docker/docker-compose.yaml as the loader of Docker Compose itself reads it."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.rendering import tool
from tests.kit.servers import REPOSITORY

DOCKER = REPOSITORY / "deploy" / "docker"
FILE = DOCKER / "docker-compose.yaml"
EXAMPLE = DOCKER / "compose" / "env.example"
# ${NAME}, with whatever is said of a missing one; $$ is a dollar.
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)([^}]*)\}")


def variables(text: str) -> dict[str, str]:
    """Names of all ${...}, and what is said of a missing one."""
    return dict(_VARIABLE.findall(text))


def example() -> list[str]:
    """Names in env.example."""
    return re.findall(r"^(\w+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)


def load(file: Path) -> subprocess.CompletedProcess[str]:
    """Validate and resolve a compose file, with a value for each variable of env.example."""
    environment = {**os.environ, **dict.fromkeys(example(), "x")}
    return subprocess.run(
        [tool("compose"), file], cwd=DOCKER, env=environment, capture_output=True, text=True, check=False
    )


@cache
def project() -> dict[str, Any]:
    """The compose file with all that is short in it written out."""
    done = load(FILE)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found

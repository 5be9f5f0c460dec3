"""docs/operations/adding-a-dimension.md, followed word by word."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from clickstream.dimensions.declaration import SHIPPED
from tests.kit.join import JoinPipeline
from tests.kit.servers import REPOSITORY

RUNBOOK = REPOSITORY / "docs" / "operations" / "adding-a-dimension.md"
VIEW = Path("ddl", "clickhouse", "repeatable", "user_behaviors.sql")
_BLOCKS = re.compile(r"^ *```(sql|bash)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def add_the_dimension(join: JoinPipeline, checkout: Path) -> dict[str, str]:
    """Follow the steps up to the upgrade of the job, in the folder of a checkout.

    Returns:
        The setting that the shell exported, without its prefix.
    """
    blocks = [(language, dedent(text)) for language, text in _BLOCKS.findall(RUNBOOK.read_text(encoding="utf-8"))]
    (_, table), (_, declare), (_, column), (_, migrate) = blocks
    assert [language for language, _ in blocks] == ["sql", "bash", "sql", "bash"], "a step was added, or one has gone"
    shutil.copytree(REPOSITORY / "ddl", checkout / "ddl")
    shipped = checkout / SHIPPED.relative_to(REPOSITORY)
    shipped.parent.mkdir(parents=True)
    shutil.copy(SHIPPED, shipped)

    for statement in table.split(";\n"):
        if statement.strip():
            join.sql(statement)
    exported = _shell(join, checkout, f"{declare}\nprintenv CLICKSTREAM_DIMENSIONS_FILE").splitlines()[-1]
    view = checkout / VIEW
    view.write_text(f"{column}\n{view.read_text(encoding='utf-8')}", encoding="utf-8")
    _shell(join, checkout, migrate)
    return {"DIMENSIONS_FILE": exported}


def _shell(join: JoinPipeline, checkout: Path, commands: str) -> str:
    environment = join.pipeline.environment({"DDL_DIR": str(checkout / "ddl"), "MYSQL_URL": join.url})
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        env={**environment, "PATH": path},
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout

"""The manifests of deploy/k8s as kustomize renders them."""

import json
import subprocess
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.kit.servers import REPOSITORY

Manifest = dict[str, Any]

KUBERNETES = REPOSITORY / "deploy" / "k8s"
# Every folder that one would apply.
OVERLAYS = ("overlays/dev", "overlays/prod", "session")
BUILD = REPOSITORY / "tests" / "deploy" / "tools" / "build.sh"


@cache
def tool(name: str) -> Path:
    """A program that tests/deploy/tools builds, once on a machine."""
    done = subprocess.run([BUILD, name], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{BUILD} {name} failed: its message is above"
    return Path(done.stdout.strip())


@cache
def rendered(overlay: str) -> str:
    """A folder of deploy/k8s as one document stream."""
    done = subprocess.run(
        [tool("kustomize"), "build", KUBERNETES / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr, done.stderr
    return done.stdout


@cache
def _parsed(overlay: str) -> list[Manifest]:
    return [each for each in yaml.load_all(rendered(overlay), yaml.CSafeLoader) if each]


def manifests(overlay: str) -> list[Manifest]:
    """The same, parsed: a copy that the caller may change."""
    return deepcopy(_parsed(overlay))


def of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    """Those of these kinds."""
    return [each for each in objects if each["kind"] in kinds]


def title(manifest: Manifest) -> str:
    """Kind/name, for messages."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def rendered_text(manifest: Manifest) -> str:
    """One manifest as text."""
    return json.dumps(manifest, ensure_ascii=False)

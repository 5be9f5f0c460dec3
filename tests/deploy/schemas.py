"""Manifests against the schemas of Kubernetes and of the Flink operator's CRDs. Unknown fields are errors."""

import io
import subprocess
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from tests.deploy.rendering import Manifest, title
from tests.kit.servers import REPOSITORY

KUBERNETES_VERSION = "1.34"
FLINK_GROUP = "flink.apache.org/"

# The newest release on Maven that has CRDs inside; the operator's chart has newer ones.
MAVEN = "org.apache.flink:flink-kubernetes-operator-api:1.10.0"
# What the operator 1.15 takes and that one does not know yet.
NEWER_FLINK = ["v2_0", "v2_1", "v2_2"]


@dataclass(frozen=True)
class Definitions:
    """CustomResourceDefinitions by kind, and where they come from."""

    origin: str
    by_kind: dict[str, Manifest]


@cache
def definitions() -> Definitions:
    """The operator's CRDs: of a folder */k8s/crds beside the checkout, else of Maven's jar, extended."""
    beside = sorted(REPOSITORY.parent.glob("*/k8s/crds/flinkdeployments.yml"))
    if beside:
        folder = beside[0].parent
        return Definitions(f"the operator's release in {folder}", _parse(p.read_text() for p in folder.glob("*.yml")))
    return Definitions(f"{MAVEN}, flinkVersion extended by {', '.join(NEWER_FLINK)}", _extended(from_maven()))


def from_maven() -> dict[str, Manifest]:
    """CRDs of Maven's newest jar that holds some, as they are there."""
    folder = Path.home() / ".m2" / "repository" / "org/apache/flink/flink-kubernetes-operator-api/1.10.0"
    jar = folder / "flink-kubernetes-operator-api-1.10.0.jar"
    if not jar.is_file():
        get = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"
        done = subprocess.run(
            ["mvn", "-q", "-B", "-ntp", get, f"-Dartifact={MAVEN}", "-Dtransitive=false"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(io.BytesIO(jar.read_bytes())) as archive:
        names = [name for name in archive.namelist() if name.endswith("-v1.yml")]
        return _parse(archive.read(name).decode() for name in names)


def problems(manifest: Manifest) -> list[str]:
    """What the schemas say against a manifest."""
    if manifest["apiVersion"].startswith(FLINK_GROUP):
        found = _validator(manifest["kind"]).iter_errors(manifest)
        return [f"{title(manifest)}: {_path(error)}: {error.message}" for error in found]
    try:
        kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
    except jsonschema.ValidationError as error:
        return [f"{title(manifest)}: {_path(error)}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [f"{title(manifest)}: {error.message}"]
    return []


def _path(error: jsonschema.ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "it"


def _parse(texts: Any) -> dict[str, Manifest]:
    found = [document for text in texts for document in yaml.safe_load_all(text) if document]
    return {each["spec"]["names"]["kind"]: each for each in found}


def _extended(found: dict[str, Manifest]) -> dict[str, Manifest]:
    spec = found["FlinkDeployment"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    choices = spec["properties"]["flinkVersion"]["enum"]
    choices += [version for version in NEWER_FLINK if version not in choices]
    return found


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = definitions().by_kind[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return jsonschema.Draft202012Validator(_strict(schema, root=True))


def _strict(schema: Any, *, root: bool = False) -> Any:
    """A CRD's schema as JSON Schema that refuses unknown fields, as --validate=strict does."""
    strict = dict(schema)
    if schema.get("x-kubernetes-int-or-string"):
        strict.pop("anyOf", None)
        strict["type"] = ["integer", "string"]
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        strict["additionalProperties"] = _strict(schema["additionalProperties"])
    if "properties" in schema:
        strict["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        if root:
            strict["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {}}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            strict["additionalProperties"] = False
    return strict

"""Credentials are referenced, never contained; settings are known ones; accounts and settings that pods name exist."""

import re
from collections.abc import Iterator

from clickstream.config.resolve import known_variables
from tests.deploy.lint.templates import templates
from tests.deploy.rendering import Manifest, of_kind, rendered_text, title
from tests.kit.servers import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "operations" / "deploy.md"
CREDENTIALS = re.compile(r"\w+://[^\s/@]*:[^\s/@]+@|(?i:password|secret-key|access-key)\"?\s*[:=]\s*\S+")


def contained(manifests: list[Manifest]) -> Iterator[str]:
    """No Secret object, and nothing that looks like a password."""
    for each in manifests:
        if each["kind"] == "Secret":
            yield f"{title(each)}: Secrets are made by who deploys, from a vault or by kubectl create"
        if found := CREDENTIALS.search(rendered_text(each)):
            yield f"{title(each)}: {found[0].split('://')[0]}... looks like a credential"


def referenced(manifests: list[Manifest]) -> Iterator[str]:
    """Every ConfigMap that a pod reads is there, and every Secret is in the list of those to be made."""
    maps = {each["metadata"]["name"] for each in of_kind(manifests, "ConfigMap")}
    listed = set(re.findall(r"^\| `(clickstream-[a-z0-9-]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    for pod in templates(manifests):
        for container in pod.containers:
            for source in container.get("envFrom") or []:
                of_map, of_secret = source.get("configMapRef"), source.get("secretRef")
                if of_map and of_map["name"] not in maps:
                    yield f"{pod.owner}: there is no ConfigMap {of_map['name']}"
                if of_secret and of_secret["name"] not in listed:
                    yield f"{pod.owner}: Secret {of_secret['name']} is not in the table of {DOCUMENT.name}"
        for volume in pod.spec.get("volumes") or []:
            if "secret" in volume and volume["secret"]["secretName"] not in listed:
                yield f"{pod.owner}: Secret {volume['secret']['secretName']} is not in the table of {DOCUMENT.name}"


def known_settings(manifests: list[Manifest]) -> Iterator[str]:
    """A job refuses to start with a CLICKSTREAM_* that nothing reads."""
    for each in of_kind(manifests, "ConfigMap"):
        for name, value in (each.get("data") or {}).items():
            if name.startswith("CLICKSTREAM_") and name not in known_variables():
                yield f"{title(each)}: no setting is called {name}"
            if not isinstance(value, str):
                yield f"{title(each)}: {name} must be a quoted string"
    for pod in templates(manifests):
        for container in pod.containers:
            for variable in container.get("env") or []:
                if variable["name"].startswith("CLICKSTREAM_") and variable["name"] not in known_variables():
                    yield f"{pod.owner}: no setting is called {variable['name']}"


def accounts(manifests: list[Manifest]) -> Iterator[str]:
    """Every pod has an account of its own kind, and only Flink's get a token."""
    present = {each["metadata"]["name"] for each in of_kind(manifests, "ServiceAccount")}
    for pod in templates(manifests):
        if pod.account not in present:
            yield f"{pod.owner}: there is no ServiceAccount {pod.account}"
        if not pod.is_flink and pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.owner}: automountServiceAccountToken must be false"


RULES = (contained, referenced, known_settings, accounts)

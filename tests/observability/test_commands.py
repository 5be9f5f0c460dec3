"""Runbooks are read at night: every command in them is one that there is, with options that it has."""

import json
import logging
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from clickstream.cli import application
from clickstream.logs import JsonLines
from devstack.servers.server import java
from tests.deploy.rendering import manifests
from tests.kit.servers import REPOSITORY
from tests.observability.test_documents import DOCUMENTS
from tests.observability.test_logs import FLINK
from tests.observability.told import commands

_PLACEHOLDER = re.compile(r"^[A-Z_]+$|^\$|^\"\$|<")


@cache
def command_line() -> Any:
    return get_command(application())


def wrong(words: list[str]) -> str:
    """What `clickstream WORDS` has that there is not; empty: nothing."""
    found, rest = command_line(), list(words)
    while hasattr(found, "commands"):
        name = rest.pop(0) if rest else ""
        if name not in found.commands:
            return f"no command {name!r}"
        found = found.commands[name]
    known = {option for each in found.params for option in (*each.opts, *each.secondary_opts)}
    given = {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"}
    return f"no option {sorted(given - known)}" if given - known else ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_clickstreams(document: Path) -> None:
    found = [(words, wrong(words)) for words in commands(document, "clickstream") if words]
    assert [each for each in found if each[1]] == []


def test_enough_is_found_to_be_worth_it(tmp_path: Path) -> None:
    named = {words[0] for document in DOCUMENTS for words in commands(document, "clickstream") if words}
    assert named >= {"replay-dlq", "reconcile", "migrate", "up", "logs", "cat", "rebuild", "settings", "env"}
    text = (
        "Type `clickstream replay-dlq --never`, or `clickstream undo`.\n\n    X=1 clickstream logs --at-all x | head\n"
    )
    (tmp_path / "x.md").write_text(text)
    assert [wrong(words) for words in commands(tmp_path / "x.md", "clickstream")] == [
        "no option ['--at-all']",
        "no option ['--never']",
        "no command 'undo'",
    ]


@cache
def flink_options() -> dict[str, set[str]]:
    """The options of each action, as Flink's own command says."""
    done = subprocess.run(
        [java(), "-cp", f"{FLINK / 'lib'}/*", "org.apache.flink.client.cli.CliFrontend", "--help"],
        env={**os.environ, "FLINK_CONF_DIR": str(REPOSITORY / "flink-conf")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    _, *sections = re.split(r'^Action "([\w-]+)"', done.stdout, flags=re.MULTILINE)
    names, texts = sections[::2], sections[1::2]
    return {
        name: set(re.findall(r"(?:^ +|,)(--?[\w-]+)", text, re.MULTILINE))
        for name, text in zip(names, texts, strict=True)
    }


def test_flinks() -> None:
    told = [words for document in DOCUMENTS for words in commands(document, "flink") if words]
    assert {words[0] for words in told} >= {"run", "stop", "list", "cancel"}
    options = flink_options()
    for action, *words in told:
        assert action in options, f"flink {action}"
        given = {word for word in words if word.startswith("-")}
        assert given <= options[action], f"flink {action} {' '.join(words)}"


# Without apply: deploy/k8s/apply.sh does it, in the order in which it has to be done.
VERBS = {"create", "describe", "exec", "get", "logs"}
# Of every cluster; the others are in the manifests.
KINDS = {"pod", "pods", "secret"}


@cache
def rendered() -> dict[str, set[str]]:
    """Names by kind, as overlays/prod has them."""
    found: dict[str, set[str]] = {}
    for each in manifests("overlays/prod"):
        found.setdefault(each["kind"].lower(), set()).add(each["metadata"]["name"])
    found["deployment"] |= found["flinkdeployment"]  # the operator makes one of the same name, its JobManager
    return found


def wrong_on_kubernetes(words: list[str]) -> str:
    """What `kubectl WORDS` has that the manifests do not; empty: nothing."""
    if "--" in words:
        cut = words.index("--")
        if said := wrong_in_the_container(words[cut + 1 :]):
            return said
        words = words[:cut]
    verb, rest = "", [word for word in words if not _PLACEHOLDER.search(word)]
    names: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in ("-n", "-k"):
            value = rest.pop(0)
            if word == "-n" and value not in rendered()["namespace"]:
                return f"no namespace {value!r}"
            if word == "-k" and not (REPOSITORY / value / "kustomization.yaml").is_file():
                return f"no overlay {value!r}"
        elif not verb:
            verb = word
        elif not word.startswith("-"):
            names += word.split("/")
    return wrong_object(verb, names) if verb in VERBS else f"no verb {verb!r}"


def wrong_in_the_container(words: list[str]) -> str:
    """What is wrong with a command in a pod, where only the image's entry point knows where programs are."""
    entrypoint = "/opt/clickstream/bin/entrypoint.sh"
    if words[:2] != [entrypoint, "clickstream"]:
        return f"not {entrypoint} clickstream ..., but {words[:2]}"
    return wrong(words[2:])


def wrong_object(verb: str, names: list[str]) -> str:
    """What is wrong with what a verb is about."""
    if verb == "create" or not names:
        return ""
    kind, name = names[0], "".join(names[1:2])
    if kind not in KINDS and kind not in rendered():
        return f"no kind {kind!r}"
    return f"no {kind} {name!r}" if name and name not in rendered().get(kind, set()) else ""


def test_kubectls() -> None:
    told = [words for document in DOCUMENTS for words in commands(document, "kubectl") if words]
    assert len(told) > 5
    assert [(words, said) for words in told if (said := wrong_on_kubernetes(words))] == []
    assert wrong_on_kubernetes(["logs", "deployment/collectors"]) == "no deployment 'collectors'"
    assert wrong_on_kubernetes(["apply", "-k", "deploy/k8s/overlays/prod"]) == "no verb 'apply'"
    assert wrong_on_kubernetes(["exec", "deployment/clickhouse-sink", "--", "clickstream", "reconcile"])


def test_applying() -> None:
    told = [words for document in DOCUMENTS for words in commands(document, "deploy/k8s/apply.sh") if words]
    assert len(told) > 1
    assert [words for words in told if not (REPOSITORY / words[0] / "kustomization.yaml").is_file()] == []


def test_what_is_picked_out_of_logs_is_there() -> None:
    layout = (REPOSITORY / "flink-conf" / "log4j-console.properties").read_text(encoding="utf-8")
    of_jobs = set(re.findall(r'^  "(\w+)": \{"\$resolver"', layout, re.MULTILINE))
    of_services = {*json.loads(JsonLines("x").format(failed())), "request"}
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    picked = re.findall(
        r"kubectl logs (\S+) \|\s+jq -cR 'fromjson\? \| select\(\.(\w+) == [^|]*\| \{([\w, ]+)\}'", text
    )
    assert len(picked) > 1
    for whose, chosen, fields in picked:
        there = of_services if whose.startswith("deployment/") else of_jobs
        assert {chosen, *fields.split(", ")} <= there, (whose, fields)


def failed() -> logging.LogRecord:
    error = ValueError()
    return logging.LogRecord("x", logging.ERROR, __file__, 1, "x", (), (ValueError, error, None))

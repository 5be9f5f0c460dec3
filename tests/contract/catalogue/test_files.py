"""Catalogues out of files, and those of the generated shops, by command."""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from clickstream.generator.model import TrafficModel
from clickstream.generator.traffic import generate
from tests.contract.catalogue.client import Catalogue
from tests.kit.commands import clickstream
from tests.kit.mongo import Mongo
from tests.kit.servers import own_environment

pytestmark = pytest.mark.stack


@pytest.fixture
def environment(mongo: Mongo) -> dict[str, str]:
    return own_environment() | {"CLICKSTREAM_MONGO_URL": mongo.url}


def test_the_sample_has_what_the_generator_sends(environment: dict[str, str], aurora: Catalogue) -> None:
    options = ("catalogue", "sample", "--tenants", "1", "--items", "60")
    assert "67 made, 0 changed, 0 left" in clickstream(environment, *options)
    assert "0 made, 0 changed, 67 left" in clickstream(environment, *options)
    sent = [
        json.loads(value)
        for chunk in generate(TrafficModel(events=4000, users=50, items=60, tenants=1, malformed=0.0))
        for value in chunk.values
    ]
    for event in sent[:300]:
        if event.get("item_id"):
            assert aurora.get(f"items/{event['item_id']}")["status"] == "active"
        assert aurora.get(f"scenarios/{event['scenario_id']}")["status"] == "active"
    named = {event["experiment_id"]: event["experiment_group"] for event in sent if event.get("experiment_group")}
    assert named
    for experiment, group in named.items():
        kept = aurora.get(f"experiments/{experiment}")
        assert kept["status"] == "running"
        assert group in [each["name"] for each in kept["groups"]]


def test_a_file_makes_and_changes(environment: dict[str, str], aurora: Catalogue, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex[:8]
    file = tmp_path / "catalogue.jsonl"

    def write(title: str, count: int) -> None:
        groups = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
        documents: list[tuple[str, dict[str, Any]]] = [
            ("items", {"item_id": f"{mark}-{number}", "title": title}) for number in range(count)
        ]
        documents += [("experiments", {"experiment_id": mark, "groups": groups, "name": title})]
        lines = [json.dumps({"tenant_id": "aurora", "kind": kind, "document": each}) for kind, each in documents]
        file.write_text("\n".join(["", *lines, ""]))

    write("first", 1200)
    assert "1201 made, 0 changed, 0 left" in clickstream(environment, "catalogue", "import", str(file))
    write("second", 3)
    assert "0 made, 0 changed, 4 left" in clickstream(environment, "catalogue", "import", "--only-new", str(file))
    assert aurora.get(f"items/{mark}-1")["title"] == "first"
    assert "0 made, 4 changed, 0 left" in clickstream(environment, "catalogue", "import", str(file))
    assert aurora.get(f"items/{mark}-1")["title"] == "second"
    assert aurora.get(f"items/{mark}-5")["title"] == "first"
    assert aurora.get(f"experiments/{mark}")["revision"] == 2
    assert len(aurora.get("items", q=f"{mark} first", limit=500)["documents"]) == 500


def test_a_wrong_line_is_named_and_nothing_is_written(
    environment: dict[str, str], aurora: Catalogue, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex[:8]
    file = tmp_path / "catalogue.jsonl"
    first = json.dumps({"tenant_id": "aurora", "kind": "items", "document": {"item_id": mark}})
    file.write_text(f"{first}\n{{\n")
    command = [str(Path(sys.executable).parent / "clickstream"), "catalogue", "import", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert aurora.http.get(f"items/{mark}").status_code == 404

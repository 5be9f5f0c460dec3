"""The generated code is what the .proto files say, and both name the fields that the documents have."""

import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from analytics.catalogue.kinds import KINDS, Kind
from clickstream.catalogue.v1 import catalogue_pb2

ROOT = Path(__file__).parents[3]


def test_the_generated_code_is_fresh(tmp_path: Path) -> None:
    run([sys.executable, str(ROOT / "proto" / "generate.py"), str(tmp_path)], check=True)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*_pb2*"))
    kept = sorted(
        path.relative_to(ROOT) for path in (ROOT / "clickstream").rglob("*_pb2*.py*") if path.suffix != ".pyc"
    )
    assert made == kept
    for path in made:
        assert (tmp_path / path).read_text() == (ROOT / path).read_text(), f"{path} is old: run `make proto`"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_messages_have_the_documents_fields(kind: Kind[Any, Any]) -> None:
    message = catalogue_pb2.DESCRIPTOR.message_types_by_name[kind.content.__name__]
    assert set(message.fields_by_name) == set(kind.kept.model_fields)

"""Lines of catalogue files."""

import pytest

from analytics.catalogue.errors import InvalidError
from analytics.catalogue.files import read_lines
from analytics.catalogue.sample import sample

GOOD = '{"tenant_id": "aurora", "kind": "items", "document": {"item_id": "a"}}'


def test_empty_lines_are_skipped() -> None:
    (line,) = read_lines(["", GOOD, "  "], "file")
    assert (line.tenant, line.kind.name, line.content.model_dump()["item_id"]) == ("aurora", "items", "a")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"tenant_id": "aurora", "kind": "item", "document": {}}', "scenarios, items, models"),
        ('{"kind": "items", "document": {"item_id": "a"}}', "tenant_id"),
        ('{"tenant_id": "", "kind": "items", "document": {"item_id": "a"}}', "1 to 128"),
        ('{"tenant_id": "aurora", "kind": "items", "document": {"item_id": "a", "titel": ""}}', "titel"),
        ('{"tenant_id": "aurora", "kind": "items", "document": []}', "valid dictionary"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str) -> None:
    with pytest.raises(InvalidError, match=f"file, line 2: .*{said}"):
        list(read_lines([GOOD, line], "file"))


def test_the_sample_names_each_document_once() -> None:
    lines = list(sample(8, 30))
    names = [(line.tenant, line.kind.name, getattr(line.content, line.kind.id_field)) for line in lines]
    assert len(set(names)) == len(names) == 8 * (4 + 3 + 30)

"""The documents for operators name settings, files and headings that there are."""

import re
from pathlib import Path

import pytest

from tests.kit.servers import REPOSITORY

OPERATIONS = REPOSITORY / "docs" / "operations"
DOCUMENTS = sorted(OPERATIONS.rglob("*.md"))
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)")
_SETTING = re.compile(r"\bCLICKSTREAM_[A-Z_]+[A-Z]\b")


def anchors(document: Path) -> set[str]:
    """The anchors of its headings, as the pages of the repository make them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in _LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{document.name}: {path}"
        assert not anchor or anchor in anchors(target), f"{document.name}: {path}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_setting_exists(document: Path) -> None:
    known = set(_SETTING.findall((REPOSITORY / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")))
    named = set(_SETTING.findall(document.read_text(encoding="utf-8")))
    assert named <= known, f"{document.name}: {sorted(named - known)}"

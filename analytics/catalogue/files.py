"""Catalogues in files: JSON lines, each {"tenant_id": ..., "kind": "items", "document": {...}}."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from analytics.catalogue.catalogue import Catalogue
from analytics.catalogue.documents import Content
from analytics.catalogue.errors import InvalidError
from analytics.catalogue.kinds import KINDS, Kind

_AT_ONCE = 1000
_BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Line:
    """One document of a file."""

    tenant: str
    kind: Kind[Any, Any]
    content: Content


@dataclass
class Imported:
    """What became of the documents."""

    made: int = 0
    changed: int = 0
    kept: int = 0


def read_lines(lines: Iterable[str], source: str) -> Iterator[Line]:
    """The documents in a file's lines; empty lines are skipped.

    Raises:
        InvalidError: a line holds something else; it is named.
    """
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            sent = json.loads(text)
            kind = _BY_NAME[sent["kind"]]
            yield Line(_tenant(sent["tenant_id"]), kind, kind.content.model_validate(sent["document"]))
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise InvalidError(f"{source}, line {number}: {said}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidError(
                f'{source}, line {number}: write {{"tenant_id": ..., "kind": one of {", ".join(_BY_NAME)}, '
                f'"document": {{...}}}} ({type(error).__name__}: {error})'
            ) from None


async def load(catalogue: Catalogue, lines: Iterable[Line], *, change: bool) -> Imported:
    """Make the documents that are not there.

    Args:
        catalogue: where.
        lines: which.
        change: whether those that are there become what the lines say; otherwise they stay as they are.
            An experiment is changed at whatever revision it is, within what its status allows.

    Raises:
        ConflictError: the status of an experiment does not allow its change.
        UnavailableError: MongoDB does not answer.
    """
    done = Imported()
    for (tenant, name), group in groupby(lines, key=lambda line: (line.tenant, line.kind.name)):
        store = catalogue.store(_BY_NAME[name])
        for part in _parts(list(group)):
            contents = [line.content for line in part]
            made = await store.add(tenant, contents)
            done.made += len(made)
            for content in contents:
                known = str(getattr(content, store.kind.id_field))
                if known in made:
                    continue
                if not change:
                    done.kept += 1
                    continue
                revision = (await store.get(tenant, known)).revision if store.kind.revision_needed else None
                await store.put(tenant, content, revision)
                done.changed += 1
    return done


def _parts(lines: list[Line]) -> Iterator[list[Line]]:
    for start in range(0, len(lines), _AT_ONCE):
        yield lines[start : start + _AT_ONCE]


def _tenant(sent: Any) -> str:
    if not isinstance(sent, str) or not 1 <= len(sent) <= 128:
        raise ValueError("tenant_id is no text of 1 to 128 characters")
    return sent

"""If-Match and If-None-Match, with revisions as entity tags (RFC 9110, section 13)."""

import re
from typing import Annotated

from fastapi import Depends, Header, HTTPException

from analytics.catalogue.store import NEW

_TAG = re.compile(r'"?([1-9][0-9]{0,9})"?')


def expected_revision(
    if_match: Annotated[str | None, Header(description='the revision that was read, such as "3": else 412')] = None,
    if_none_match: Annotated[str | None, Header(description="*: it must not be there yet, else 409")] = None,
) -> int | None:
    """The revision that a change was made for; NEW: there must be none; None: nothing was said."""
    if if_match is not None:
        found = _TAG.fullmatch(if_match.strip())
        if found is None:
            raise HTTPException(422, f'If-Match: {if_match!r} is no revision; send the ETag that you have read, as "3"')
        return int(found[1])
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise HTTPException(422, "If-None-Match: a change knows * alone")
        return NEW
    return None


Expected = Annotated[int | None, Depends(expected_revision)]


def etag(revision: int) -> str:
    """A revision as an entity tag."""
    return f'"{revision}"'

"""A refused event: the reason, the field, and how msgspec's messages map to both."""

import re
from dataclasses import dataclass

from clickstream.names import RejectReason

_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`")

# The first pattern found in the message decides. The messages are msgspec's; the unit tests hold each of them to it.
# A message may quote what was sent, so the patterns that come before the quoting one stand at the message's start.
_REASONS: tuple[tuple[re.Pattern[str], RejectReason], ...] = (
    (_MISSING, RejectReason.MISSING_FIELD),
    (re.compile(r"^Invalid enum value"), RejectReason.UNKNOWN_ACTION),
    (re.compile(r"of length >="), RejectReason.EMPTY),
    (re.compile(r"of length <="), RejectReason.TOO_LONG),
    (re.compile(r"`(int|float)` (<|>)|out of range"), RejectReason.OUT_OF_RANGE),
    (re.compile(r"^Expected `object`, got `\w+`$"), RejectReason.NOT_AN_OBJECT),
    (re.compile(r"^Expected "), RejectReason.WRONG_TYPE),
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event was refused, and on which field (a path such as `context.os`; empty for the event as a whole)."""

    reason: RejectReason
    field: str = ""


class RejectedError(Exception):
    """Carries a Rejection from the check that found it to the loop over the batch. It never leaves this package."""

    def __init__(self, reason: RejectReason, field: str = "") -> None:
        super().__init__(f"{reason}: {field}" if field else str(reason))
        self.rejection = Rejection(reason, field)


def of_message(message: str) -> Rejection:
    """Translate the text of a msgspec ValidationError."""
    path = _PATH.search(message)
    field = path["path"] if path else ""
    missing = _MISSING.search(message)
    if missing:
        field = f"{field}.{missing['name']}" if field else missing["name"]
    reason = next((reason for pattern, reason in _REASONS if pattern.search(message)), RejectReason.WRONG_TYPE)
    return Rejection(reason, field)

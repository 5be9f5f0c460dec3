"""How an event's JSON becomes a record's value."""

from typing import Protocol

Headers = list[tuple[str, str | bytes | None]]


class Encoding(Protocol):
    """Turns the JSON of an event into what a topic holds. Without headers it is left as it is.

    Attributes:
        headers: of each record.
    """

    headers: Headers

    def encode(self, value: bytes) -> bytes:
        """The record's value."""


class AsJson:
    """As it is."""

    headers: Headers = []  # noqa: RUF012 - nobody changes it

    def encode(self, value: bytes) -> bytes:
        """The same bytes."""
        return value

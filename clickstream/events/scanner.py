"""JSON taken apart by its brackets and commas alone: for bodies that the decoder gives up as a whole.

msgspec follows brackets only so deep, and takes no half of a surrogate pair. Both are JSON all the same: one event that
has them is no reason to refuse those beside it.
"""

import re
from collections.abc import Callable
from itertools import islice

import msgspec

from clickstream.events.decode import PARSE_ERRORS

# Strings, runs of brackets, commas. A MiB of honest events has some 60,000, one of nothing else a million, at 0.2 us.
TOKENS = 300_000

_STRING = rb'"(?:[^"\\]++|\\.)*+"?'  # one that does not end is one token, too: nothing behind it is looked at again
_TOKEN = re.compile(_STRING + rb"|([\[{]++)|([\]}]++)|(,)", re.DOTALL)
_OPENING, _CLOSING, _COMMA = 1, 2, 3
_MEMBER = re.compile(rb"\s*+(" + _STRING + rb")\s*+:(.*)", re.DOTALL)
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_LONGEST_PATH = 256
_raw = msgspec.json.Decoder(msgspec.Raw)


class _BrokenError(Exception):
    """The brackets do not say where something ends."""


class Scanner:
    """Looks at one body.

    Args:
        tokens: that it looks at, all together: what bounds its time.
    """

    def __init__(self, tokens: int = TOKENS) -> None:
        self._left = tokens

    def elements(self, body: bytes, most: int) -> list[bytes] | None:
        """The elements of an array as they stand: `most` of them, and one more where there are more.

        Those that are nested too deep are known by their brackets alone. All others are JSON, but for halves of pairs.

        Returns:
            None where the body is no array of such elements, where none of them can be read, or where it has too many
            tokens.
        """
        whole = _without_pairs(body)
        try:
            places = self._parts(whole, b"[]", most + 1)
        except _BrokenError:
            return None
        if not all(_is_json(whole[start:end]) for start, end in places):
            return None
        found = [body[start:end].strip() for start, end in places]
        return found if any(_reads(each, _raw.decode) for each in found) else None

    def unreadable_member(self, event: bytes) -> str:
        """The name of an object's first member that cannot be read, and of the first within that one: `context.os`.

        Empty where the event is no object, or where members cannot be told apart.
        """
        path: list[str] = []
        for _ in range(2):
            try:
                found = self._unreadable(event)
            except _BrokenError:
                break
            if found is None:
                break
            path.append(found[1][1:-1][:_LONGEST_PATH].decode("utf-8", "replace"))
            event = found[2]
        return ".".join(path)[:_LONGEST_PATH]

    def _unreadable(self, event: bytes) -> "re.Match[bytes] | None":
        for start, end in self._parts(event, b"{}"):
            member = _MEMBER.fullmatch(event, start, end)
            if member and not _reads(b"{%b}" % member[0], msgspec.json.decode):
                return member
        return None

    def _parts(self, value: bytes, brackets: bytes, most: int | None = None) -> list[tuple[int, int]]:
        """Where the parts of an array or object lie, between its brackets and commas.

        Raises:
            _BrokenError: it does not begin with that bracket or does not end with its counterpart, or no token is left.
        """
        if value.lstrip()[:1] != brackets[:1]:
            raise _BrokenError
        found: list[tuple[int, int]] = []
        depth = start = count = 0
        try:
            for token in islice(_TOKEN.finditer(value), self._left):
                count += 1  # noqa: SIM113 # enumerate would have to be told apart from an empty value behind the loop
                kind = token.lastindex
                if kind == _OPENING:
                    start = start if depth else token.start() + 1
                    depth += token.end() - token.start()
                elif kind == _CLOSING:
                    left = depth - (token.end() - token.start())
                    if left <= 0:
                        end = token.start() + depth - 1
                        if value[end:].rstrip() != brackets[1:]:
                            raise _BrokenError
                        if found or value[start:end].strip():
                            found.append((start, end))
                        return found
                    depth = left
                elif kind == _COMMA and depth == 1:
                    found.append((start, token.start()))
                    start = token.end()
                    if len(found) == most:
                        return found
        finally:
            self._left -= count
        raise _BrokenError


def nested(value: bytes, most: int) -> bool:
    """Whether brackets are nested deeper than `most` in a value, which is JSON."""
    depth = 0
    for token in _TOKEN.finditer(value):
        if token.lastindex == _OPENING:
            depth += len(token[0])
            if depth > most:
                return True
        elif token.lastindex == _CLOSING:
            depth -= len(token[0])
    return False


def _is_json(value: bytes) -> bool:
    try:
        _raw.decode(value)
    except RecursionError:
        return True  # as far as anybody can see
    except msgspec.DecodeError:
        return False
    return True


def _reads(value: bytes, decode: Callable[[bytes], object]) -> bool:
    try:
        decode(value)
    except PARSE_ERRORS:
        return False
    return True


def _without_pairs(body: bytes) -> bytes:
    """The body with letters for each escaped half of a pair, which is as long. Outside strings neither is JSON."""
    return _HALF_PAIR.sub(b"xxxxxx", body.replace(b"\\\\", b"__"))

"""Ids for events that came without one: UUIDv7 (RFC 9562), which sort by the time of their making."""

import os

_VERSION = 7 << 76
_VARIANT = 2 << 62


def uuid7(milliseconds: int) -> str:
    """An id that begins with the time given (ms since the epoch); 74 bits of it are random."""
    chance = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds & (2**48 - 1)) << 80 | _VERSION | (chance >> 68 & 0xFFF) << 64 | _VARIANT | chance & (2**62 - 1)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

"""A MaxMind-format database of a few networks, made here: https://maxmind.github.io/MaxMind-DB/."""

import struct
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"


def write(path: Path, places: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a database that knows these IPv4 networks (CIDR form) and nothing else."""
    tree: list[list[Any]] = [[None, None]]
    data, offsets = b"", {}
    for network, place in places.items():
        offsets[network] = len(data)
        data += _encoded(place)
        node, parsed = 0, IPv4Network(network)
        for depth in range(parsed.prefixlen):
            bit = int(parsed.network_address) >> (31 - depth) & 1
            if depth == parsed.prefixlen - 1:
                tree[node][bit] = network
            elif tree[node][bit] is None:
                tree.append([None, None])
                tree[node][bit] = len(tree) - 1
                node = len(tree) - 1
            else:
                node = tree[node][bit]
    count = len(tree)

    def pointer(record: Any) -> int:
        if record is None:
            return count
        return count + 16 + offsets[record] if isinstance(record, str) else int(record)

    nodes = b"".join(struct.pack(">II", pointer(left), pointer(right)) for left, right in tree)
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "database_type": "City",
        "description": {"en": "made by a test"},
        "ip_version": 4,
        "languages": ["en"],
        "node_count": count,
        "record_size": 32,
    }
    path.write_bytes(nodes + bytes(16) + data + _MARK + _encoded(about))


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        return _head(2, len(value.encode())) + value.encode()
    if isinstance(value, int):
        raw = value.to_bytes(4, "big").lstrip(b"\0")
        return _head(6, len(raw)) + raw
    if isinstance(value, Mapping):
        return _head(7, len(value)) + b"".join(_encoded(part) for pair in value.items() for part in pair)
    return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))  # an array's type is an extended one


def _head(kind: int, size: int) -> bytes:
    assert size < 29, "longer ones take more bytes, and are not needed"
    return bytes([kind << 5 | size])

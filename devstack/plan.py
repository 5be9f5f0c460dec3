"""What a devstack should be: written by commands, read by its supervisor. Survives both, so that addresses stay."""

import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from devstack.files import read_json, write_json

USER = "clickstream"


@dataclass(frozen=True)
class Plan:
    """The wanted state of a devstack.

    Attributes:
        wanted: names of the servers that should run.
        ports: TCP port by the name of what listens there.
        external: address by the name of a service that somebody else runs.
        clickhouse_nodes: how many ClickHouse servers (shards) there are.
        password: of every server that has users; made once, so that none has one that can be looked up.
    """

    wanted: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)
    clickhouse_nodes: int = 1
    password: str = field(default_factory=lambda: secrets.token_hex(12))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """The plan in a file; a new one, with nothing wanted, when there is none."""
        known = {entry.name for entry in fields(cls)}
        found = {name: value for name, value in read_json(path).items() if name in known}
        if "wanted" in found:
            found["wanted"] = tuple(found["wanted"])
        return cls(**found)

    def save(self, path: Path) -> None:
        """Replace the plan in a file. It holds the password, so only its owner can read it."""
        write_json(path, asdict(self))

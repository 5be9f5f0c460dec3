"""ClickHouse: the cluster's shards and replicas out of one variable, and how long to wait for them."""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from clickstream.config.base import PREFIX, Settings
from clickstream.errors import ConfigurationError

DEFAULT_PORTS = {"http": 8123, "https": 8443}

_NOT_A_PORT = re.compile(r"(?<=[^/:]):(?!\d*(/|$)).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """One ClickHouse server's HTTP interface. Its text never shows the password."""

    scheme: str
    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """`http://host:port`: for messages, and as this node's name in metrics."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Shard:
    """Replicas that hold the same rows, and the shard's share of the writes."""

    number: int
    replicas: tuple[Node, ...]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Cluster:
    """All shards, in the order in which the setting names them, which is the order that hash routing relies on."""

    shards: tuple[Shard, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every replica of every shard."""
        return tuple(node for shard in self.shards for node in shard.replicas)


class ClickHouseSettings(Settings):
    """Variables `CLICKSTREAM_CLICKHOUSE_*`."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}CLICKHOUSE_")

    urls: str = Field(
        repr=False,  # it holds passwords
        min_length=1,
        description="`;` between shards, `,` between replicas, `#weight` at a shard's end: "
        "http://user:password@host:8123/database,http://...#2;http://...",
    )
    cluster_name: str = Field(
        "", description="the cluster in the servers' remote_servers that Distributed tables span; empty: plain views"
    )
    connect_timeout: float = Field(5.0, gt=0, description="seconds")
    insert_timeout: float = Field(60.0, gt=0, description="seconds that one attempt of an insert may take")
    query_timeout: float = Field(60.0, gt=0, description="seconds that a look-up may take")

    @model_validator(mode="after")
    def _parsed(self) -> Self:
        parse_cluster(self.urls)
        return self

    @property
    def cluster(self) -> Cluster:
        """The parsed `urls`."""
        return parse_cluster(self.urls)


def parse_cluster(urls: str) -> Cluster:
    """Parse the setting.

    Raises:
        ConfigurationError: an address or a weight is malformed, or a node is named twice.
    """
    shards = tuple(_parse_shard(number, text) for number, text in enumerate(urls.strip().rstrip(";").split(";")))
    cluster = Cluster(shards)
    seen: set[tuple[str, str]] = set()
    for node in cluster.nodes:
        if (node.address, node.database) in seen:
            raise ConfigurationError(f"CLICKSTREAM_CLICKHOUSE_URLS names {node} twice: each replica stands there once")
        seen.add((node.address, node.database))
    return cluster


def _parse_shard(number: int, text: str) -> Shard:
    nodes: list[Node] = []
    weight = 1
    for address in text.split(","):
        node, fragment = _parse_node(address.strip(), number)
        nodes.append(node)
        if fragment:
            if not fragment.isdecimal() or int(fragment) < 1:
                raise ConfigurationError(
                    f"CLICKSTREAM_CLICKHOUSE_URLS: the weight of shard {number + 1} is #{_public(fragment)}; "
                    "write a whole number from 1, such as #2, and a # in a password as %23"
                )
            weight = int(fragment)
    return Shard(number, tuple(nodes), weight)


def _parse_node(address: str, shard: int) -> tuple[Node, str]:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:  # brackets that do not match, a port that is no number
        parts, port = urlsplit(""), None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.query:
        raise ConfigurationError(
            f"CLICKSTREAM_CLICKHOUSE_URLS: {_public(address)!r} in shard {shard + 1} is no address of a server; "
            "write http://user:password@host:8123/database, with ; , # / @ in a password as %3B %2C %23 %2F %40"
        )
    node = Node(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or DEFAULT_PORTS[parts.scheme],
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")) or "default",
    )
    return node, parts.fragment


def _public(address: str) -> str:
    """The text without what may be a password, or a piece of one that was cut off at a separator."""
    if "@" in address:
        return address.rpartition("@")[2]
    return _NOT_A_PORT.sub(":...", address)

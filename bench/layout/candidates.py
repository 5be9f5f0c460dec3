"""The layouts that are held against the shipped one: an order of rows, codecs, types, partitions."""

from dataclasses import dataclass, field

SHIPPED = "zstd1"
ORDER = "tenant_id, scenario_id, date, user_id, timestamp"
_ZSTD = "default_compression_codec = 'ZSTD(1)'"
# Times and offsets grow along the order of rows only within a user's day: what is near in time is near in value.
_DELTAS = {
    "timestamp": "DateTime64(3) CODEC(Delta, ZSTD(1))",
    "received_at": "DateTime64(3) CODEC(Delta, ZSTD(1))",
    "_offset": "UInt64 CODEC(Delta, ZSTD(1))",
}
_SMALL = {
    "x": "Int32 DEFAULT -1 CODEC(T64, ZSTD(1))",
    "y": "Int32 DEFAULT -1 CODEC(T64, ZSTD(1))",
    "viewport_width": "Int32 DEFAULT -1 CODEC(T64, ZSTD(1))",
    "viewport_height": "Int32 DEFAULT -1 CODEC(T64, ZSTD(1))",
    "position": "Int32 DEFAULT -1 CODEC(T64, ZSTD(1))",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay events out.

    Attributes:
        name: of the layout.
        order: of rows.
        partition: what parts are kept apart by.
        settings: of the table, besides.
        columns: types and codecs that differ from the shipped ones.
    """

    name: str
    order: str = ORDER
    partition: str = "toYYYYMM(date)"
    settings: str = ""
    columns: dict[str, str] = field(default_factory=dict)

    def statements(self, source: str) -> list[str]:
        """Make the table `layout_NAME`, filled from another one."""
        settings = f" SETTINGS {self.settings}" if self.settings else ""
        table = f"layout_{self.name}"
        return [
            f"CREATE TABLE {table} AS {source} ENGINE = MergeTree PARTITION BY {self.partition} "
            f"ORDER BY ({self.order}){settings}",
            *(f"ALTER TABLE {table} MODIFY COLUMN {column} {kind}" for column, kind in self.columns.items()),
            f"INSERT INTO {table} SELECT * FROM {source} SETTINGS max_partitions_per_insert_block = 0",
        ]


LAYOUTS = (
    Layout("lz4", settings="default_compression_codec = 'LZ4'"),
    Layout(SHIPPED, settings=_ZSTD),
    Layout("zstd3", settings="default_compression_codec = 'ZSTD(3)'"),
    Layout("zstd1_deltas", settings=_ZSTD, columns=_DELTAS),
    Layout("zstd1_deltas_t64", settings=_ZSTD, columns=_DELTAS | _SMALL),
    Layout("zstd1_deltas_sessions", ORDER.replace("user_id", "user_id, session_id"), settings=_ZSTD, columns=_DELTAS),
    Layout("zstd1_deltas_by_user", "tenant_id, user_id, timestamp", settings=_ZSTD, columns=_DELTAS),
    Layout("zstd1_deltas_by_time", "tenant_id, date, timestamp", settings=_ZSTD, columns=_DELTAS),
    Layout("zstd1_deltas_daily", partition="date", settings=_ZSTD, columns=_DELTAS),
)

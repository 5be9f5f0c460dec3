"""What a dimension is: a table, its key, where an event has the key's values, and what the event gets from the row.

A declaration is data out of a YAML file, so that a new dimension needs no code. Everything that can be judged without
the server is judged when the file is read; docs/DIMENSIONS.md is the reference.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta, Struct

from clickstream.dimensions.fields import JOINED_FIELDS, TEXT_FIELDS
from clickstream.errors import ConfigurationError

SHIPPED = Path(__file__).with_name("shipped.yaml")
EXTRA = "extra_data."
LEVEL = "{level}"
TENANT = "tenant_id"

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Identifier = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Seconds = Annotated[float, Meta(gt=0, le=30 * 24 * 3600)]


class Parent(Struct, frozen=True, forbid_unknown_fields=True):
    """A table whose rows name a row one level up, by the last column of the key.

    Attributes:
        column: holds the parent's value of the last key column; not looked at on level 1.
        level: column with the row's own level, from 1 (top); the parent's is one less.
        levels: how many there are; a row whose own is beyond them counts as not there.
    """

    column: Identifier
    level: Identifier
    levels: Annotated[int, Meta(ge=1, le=9)] = 3


class Dimension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dimension.

    Attributes:
        name: what `dim_missing` and the metrics call it.
        table: in the database that CLICKSTREAM_MYSQL_URL names, or `database.table`.
        key: column -> where its value comes from: a text field of the event such as `item_id` or `context.location`, or
            `DIMENSION.COLUMN` of a dimension that is declared before. Together the columns are unique.
        columns: column -> what it becomes: a field that joined events have for dimensions, or `extra_data.NAME`.
            With a parent the field holds `{level}`.
        parent: where the table is a hierarchy.
        shared: the rows are the same for all tenants; otherwise the key must hold the event's tenant_id.
        ttl_seconds: a row is asked for again when it is so old.
        negative_ttl_seconds: that there is no such row is remembered for so long.
        size: rows remembered by each worker; the least recently used are forgotten first.
    """

    name: Name
    table: Identifier
    key: Annotated[dict[Identifier, str], Meta(min_length=1)]
    columns: Annotated[dict[Identifier, str], Meta(min_length=1)]
    parent: Parent | None = None
    shared: bool = False
    ttl_seconds: Seconds = 600
    negative_ttl_seconds: Seconds = 60
    size: Annotated[int, Meta(ge=1, le=100_000_000)] = 100_000

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The key's columns in the order of the declaration."""
        return tuple(self.key)

    @property
    def levels(self) -> range:
        """Levels of the hierarchy, from 1; without one, level 1 alone."""
        return range(1, (self.parent.levels if self.parent else 1) + 1)

    @property
    def outputs(self) -> list[str]:
        """Every field that the dimension may set."""
        return [output.replace(LEVEL, str(level)) for output in self.columns.values() for level in self.levels]


class Dimensions(Struct, frozen=True, forbid_unknown_fields=True):
    """All dimensions, each after those that its key comes from. Plain data: it is pickled into the workers."""

    dimensions: tuple[Dimension, ...]

    def carried(self, name: str) -> tuple[str, ...]:
        """The columns of a dimension that keys of later ones come from."""
        sources = [source for each in self.dimensions for source in each.key.values()]
        return tuple(dict.fromkeys(s.removeprefix(f"{name}.") for s in sources if s.startswith(f"{name}.")))

    @property
    def event_fields(self) -> tuple[str, ...]:
        """The fields of the event that keys come from."""
        sources = [source for each in self.dimensions for source in each.key.values()]
        return tuple(dict.fromkeys(source for source in sources if source in TEXT_FIELDS))


def load_dimensions(path: Path | None = None) -> Dimensions:
    """Read and check a declaration; without a path the one that ships.

    Raises:
        ConfigurationError: the file cannot be read, or says which dimension and what about it is wrong.
    """
    path = path or SHIPPED
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"CLICKSTREAM_DIMENSIONS_FILE: {path} cannot be read: {error}") from error
    try:
        declared = msgspec.convert(content, Dimensions)
        check(declared)
    except (msgspec.ValidationError, ConfigurationError) as error:
        raise ConfigurationError(
            f"CLICKSTREAM_DIMENSIONS_FILE: {path}: {error}; docs/DIMENSIONS.md shows how dimensions are declared"
        ) from error
    return declared


def check(declared: Dimensions) -> None:
    """Apply the rules that need more than one value.

    Raises:
        ConfigurationError: names the dimension and the rule.
    """
    before: dict[str, Dimension] = {}
    set_by: dict[str, str] = {}
    for dimension in declared.dimensions:
        if dimension.name in before or dimension.name == "context":
            raise ConfigurationError(f"dimension {dimension.name}: the name is taken; give it another one")
        _check_key(dimension, before)
        _check_columns(dimension, set_by)
        before[dimension.name] = dimension


def _check_key(dimension: Dimension, before: dict[str, Dimension]) -> None:
    for column, source in dimension.key.items():
        if source in TEXT_FIELDS:
            continue
        other, _, carried = source.partition(".")
        if other not in before or not carried:
            raise ConfigurationError(
                f"dimension {dimension.name}: key column {column} comes from {source!r}, which is neither a text field "
                "of the event (such as item_id or context.location) nor DIMENSION.COLUMN of a dimension declared before"
            )
        if before[other].parent:
            raise ConfigurationError(
                f"dimension {dimension.name}: key column {column} comes from {source!r}, but {other} is a hierarchy: "
                "it has no single row to take a value from"
            )
    if TENANT not in dimension.key.values() and not dimension.shared:
        raise ConfigurationError(
            f"dimension {dimension.name}: no key column comes from {TENANT}, so tenants with equal ids would get each "
            f"other's rows; add one to the key, or say `shared: true` if {dimension.table} is the same for all tenants"
        )


def _check_columns(dimension: Dimension, set_by: dict[str, str]) -> None:
    for column, output in dimension.columns.items():
        if (LEVEL in output) != (dimension.parent is not None):
            raise ConfigurationError(
                f"dimension {dimension.name}: column {column} becomes {output!r}; "
                + (f"with a parent the field must hold {LEVEL}" if dimension.parent else f"{LEVEL} needs a parent")
            )
    for output in dimension.outputs:
        extra = output.removeprefix(EXTRA) if output.startswith(EXTRA) else ""
        if output not in JOINED_FIELDS and not extra:
            raise ConfigurationError(
                f"dimension {dimension.name}: joined events have no field {output!r} for dimensions; there are "
                f"{', '.join(JOINED_FIELDS)}, and extra_data.NAME for everything else"
            )
        if output in set_by:
            raise ConfigurationError(f"dimension {dimension.name}: {output} is set by {set_by[output]} already")
        set_by[output] = dimension.name

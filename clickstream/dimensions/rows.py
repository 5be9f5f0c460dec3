"""A row of a dimension's table as it is remembered: rendered once, put into thousands of events."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from clickstream.dimensions.declaration import EXTRA, LEVEL, Dimension
from clickstream.dimensions.fields import JOINED_FIELDS

Key = tuple[str, ...]
Value = str | int | float | bool

_encode = msgspec.json.Encoder().encode


class RowError(Exception):
    """A row cannot be used: a value does not fit the field that it is to become."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row.

    Attributes:
        members: JSON members of the event, each with a comma in front; empty when every column is NULL.
        extra: members of its extra_data.
        carried: the columns that later dimensions take keys from; a column that is NULL is not there.
        parent: key of the row one level up; None at the top, and where the row names none.
        level: its own, from 1 (top); 1 where there is no hierarchy.
    """

    members: bytes
    extra: Mapping[str, Value]
    carried: Mapping[str, str]
    parent: Key | None = None
    level: int = 1


class RowReader:
    """Turns a query's rows of one dimension into what is remembered."""

    def __init__(self, dimension: Dimension, carried: Sequence[str]) -> None:
        self._dimension = dimension
        self._carried = tuple(carried)
        parent = (dimension.parent.column, dimension.parent.level) if dimension.parent else ()
        self.columns: tuple[str, ...] = tuple(
            dict.fromkeys((*dimension.key_columns, *dimension.columns, *self._carried, *parent))
        )

    def read(self, row: Sequence[Any]) -> tuple[Key, Found]:
        """The key of a row and what is remembered of it; `row` holds the values of `columns`.

        Raises:
            RowError: says which column does not fit.
        """
        values = dict(zip(self.columns, row, strict=True))
        key = tuple(self._text(column, values[column]) for column in self._dimension.key_columns)
        level, parent = self._place(values, key)
        members: dict[str, Value] = {}
        extra: dict[str, Value] = {}
        for column, declared in self._dimension.columns.items():
            if values[column] is None:
                continue
            output = declared.replace(LEVEL, str(level))
            if output.startswith(EXTRA):
                extra[output.removeprefix(EXTRA)] = self._plain(column, values[column])
            elif JOINED_FIELDS[output]:
                members[output] = self._number(column, values[column])
            else:
                members[output] = self._text(column, values[column])
        carried = {name: self._text(name, values[name]) for name in self._carried if values[name] is not None}
        return key, Found(b"," + _encode(members)[1:-1] if members else b"", extra, carried, parent, level)

    def _place(self, values: Mapping[str, Any], key: Key) -> tuple[int, Key | None]:
        declared = self._dimension.parent
        if declared is None:
            return 1, None
        level = values[declared.level]
        if not isinstance(level, int) or level not in self._dimension.levels:
            raise RowError(f"column {declared.level} is {level!r}: levels go from 1 to {declared.levels}")
        above = values[declared.column]
        return level, None if above is None or level == 1 else (*key[:-1], self._text(declared.column, above))

    def _plain(self, column: str, value: Any) -> Value:
        """A value as JSON has it."""
        if isinstance(value, bool | int | str):
            return value
        if isinstance(value, float | Decimal):
            return self._number(column, value)
        return self._text(column, value)

    @staticmethod
    def _number(column: str, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise RowError(f"column {column} holds no number") from error
        if not math.isfinite(number):
            raise RowError(f"column {column} holds {number}, which JSON cannot say")
        return number

    @staticmethod
    def _text(column: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bytes):
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise RowError(f"column {column} holds bytes that are no UTF-8") from error
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, bool | int | float | Decimal | timedelta):
            return str(value)
        raise RowError(f"column {column} holds a {type(value).__name__}, which is no text")

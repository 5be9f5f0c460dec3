"""Which days (UTC) are counted anew."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from clickstream.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Days:
    """Days in order, at least one."""

    days: tuple[date, ...]

    @classmethod
    def between(cls, first: date, last: date) -> Self:
        """All days from the first to the last, both included.

        Raises:
            ConfigurationError: the last is before the first.
        """
        if last < first:
            raise ConfigurationError(f"--to {last} is before --from {first}")
        return cls(tuple(first + timedelta(days=number) for number in range((last - first).days + 1)))

    @property
    def sql(self) -> str:
        """Them, between the brackets of an IN."""
        return ", ".join(f"toDate('{day}')" for day in self.days)

    def __str__(self) -> str:
        first, last = self.days[0], self.days[-1]
        if first == last:
            return f"{first}"
        return f"{first} to {last}" if (last - first).days + 1 == len(self.days) else f"{len(self.days)} days"

"""Of the users who came first in a day or week, how many came back, and when."""

from datetime import date, timedelta
from enum import StrEnum

from analytics.answer import Answer, Span
from analytics.rates import percent
from analytics.scope import Scope
from analytics.warehouse import Warehouse


class Unit(StrEnum):
    """What a cohort is. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"


_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}


class Cohort(Answer):
    """Users whose first event within the period is in the same unit.

    Attributes:
        cohort: the unit's first day.
        users: how many they are.
        returned: how many of them were active 0, 1, 2, ... units later; as far as the period goes.
        rates: the same in percent of `users`.
    """

    cohort: date
    users: int
    returned: list[int]
    rates: list[float]


class Retention(Answer):
    """The cohorts of a period in their order; those without users are there too."""

    cohorts: list[Cohort]
    unit: Unit
    period: Span


async def retention(warehouse: Warehouse, scope: Scope, unit: Unit) -> Retention:
    """Answer for a scope. Who was first seen before the period counts in the unit of its first event within it."""
    length = _DAYS[unit]
    rows = await warehouse.ask(scope, "retention", unit_days=length)
    found = {(date.fromisoformat(row["cohort"]), row["later"]): row["users"] for row in rows}
    days = scope.period.days()
    first = days[0] - timedelta(days=days[0].weekday()) if unit is Unit.WEEK else days[0]
    starts = [first + timedelta(days=number) for number in range(0, (days[-1] - first).days + 1, length)]
    cohorts = []
    for number, start in enumerate(starts):
        returned = [found.get((start, later), 0) for later in range(len(starts) - number)]
        cohorts.append(
            Cohort(
                cohort=start,
                users=returned[0],
                returned=returned,
                rates=[percent(users, returned[0]) for users in returned],
            )
        )
    return Retention(cohorts=cohorts, unit=unit, period=Span.of(scope.period))

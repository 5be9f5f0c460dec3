"""How many users take given steps in order, within a time, and how long each step takes them."""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Any

from analytics.answer import Answer, Span
from analytics.question import Question
from analytics.rates import percent
from analytics.scope import Scope
from analytics.warehouse import Warehouse

MOST_STEPS = 10
MOST_GROUPS = 20
UNLIMITED = 400 * 24 * 3600
PAGE = "page:"
_BITS = 2**MOST_STEPS - 1


class Breakdown(StrEnum):
    """By what a funnel is told apart: the value at a user's first step event."""

    NONE = "none"
    SCENARIO = "scenario"
    DEVICE = "device"
    OS = "os"
    BROWSER = "browser"
    COUNTRY = "country"
    PLATFORM = "platform"
    CHANNEL = "channel"
    GROUP = "experiment_group"
    CATEGORY = "category"


_COLUMNS = {
    Breakdown.NONE: "''",
    Breakdown.SCENARIO: "scenario_id",
    Breakdown.DEVICE: "tupleElement(context, 'device_type')",
    Breakdown.OS: "tupleElement(context, 'os')",
    Breakdown.BROWSER: "tupleElement(context, 'browser')",
    Breakdown.COUNTRY: "geo_country",
    Breakdown.PLATFORM: "platform",
    Breakdown.CHANNEL: "channel",
    Breakdown.GROUP: "experiment_group",
    Breakdown.CATEGORY: "category_1",
}


class Step(Answer):
    """One step.

    Attributes:
        step: an action, the name of a custom event, or `page:` and the path of a page.
        users: different users who came so far.
        rate: in percent of those at the first step.
        step_rate: in percent of those at the step before; 100 at the first.
        dropped: users who came to the step before and no further.
        median_seconds: from the step before to this one, of those who came here; null where nobody did.
        p90_seconds: nine in ten took no longer.
    """

    step: str
    users: int
    rate: float
    step_rate: float
    dropped: int
    median_seconds: float | None
    p90_seconds: float | None


class Group(Answer):
    """The funnel of the users with one value of the breakdown."""

    value: str
    steps: list[Step]


class Funnel(Answer):
    """A funnel; `groups` are the largest, by users at the first step, and empty without a breakdown."""

    steps: list[Step]
    groups: list[Group]
    window_seconds: int
    breakdown: Breakdown
    period: Span


async def funnel(
    warehouse: Warehouse, scope: Scope, steps: tuple[str, ...], window_seconds: int, breakdown: Breakdown
) -> Funnel:
    """Answer for a scope: each user counts once, by the attempt that came furthest within the window."""
    groups: list[Group] = []
    if breakdown is not Breakdown.NONE:
        rows = await _rows(warehouse, scope, steps, window_seconds, breakdown)
        by_value: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_value.setdefault(row["value"], []).append(row)
        groups = [Group(value=value, steps=_steps(steps, found)) for value, found in by_value.items()]
        groups.sort(key=lambda group: (-group.steps[0].users, group.value))
    return Funnel(
        steps=await reached(warehouse, scope, steps, window_seconds),
        groups=groups[:MOST_GROUPS],
        window_seconds=window_seconds,
        breakdown=breakdown,
        period=Span.of(scope.period),
    )


async def reached(warehouse: Warehouse, scope: Scope, steps: Sequence[str], window_seconds: int) -> list[Step]:
    """The steps of a funnel without a breakdown."""
    return _steps(steps, await _rows(warehouse, scope, steps, window_seconds, Breakdown.NONE))


async def _rows(
    warehouse: Warehouse, scope: Scope, steps: Sequence[str], window_seconds: int, breakdown: Breakdown
) -> list[dict[str, Any]]:
    kinds = tuple(step.startswith(PAGE) for step in steps)
    values = {f"step_{number}": step.removeprefix(PAGE) for number, step in enumerate(steps, start=1)}
    asked = _question(kinds, breakdown)
    return await warehouse.ask(scope, asked, window_ms=window_seconds * 1000, **values)


def _steps(names: Sequence[str], rows: list[dict[str, Any]]) -> list[Step]:
    at = [sum(row["users"] for row in rows if row["level"] >= number) for number in range(1, len(names) + 1)]
    times = rows[0]["times"] if rows else []
    found = []
    for number, name in enumerate(names):
        median, p90 = times[number - 1] if number and at[number] else (None, None)
        before = at[number - 1] if number else at[0]
        found.append(
            Step(
                step=name,
                users=at[number],
                rate=percent(at[number], at[0]),
                step_rate=percent(at[number], before),
                dropped=before - at[number],
                median_seconds=median,
                p90_seconds=p90,
            )
        )
    return found


@cache
def _question(pages: tuple[bool, ...], breakdown: Breakdown) -> Question:
    """The question for so many steps, each an event's name or a page's path.

    An event is one number in a user's `line`: its time, the first step that it is, and a bit for each step that it is.
    So the line is in order of time, and where two have the same millisecond, of the steps that they are. An
    attempt begins at an event of the first step (of several in a row the last, for it leaves most time) and takes the
    first event of each further step that comes behind; what is beyond the window is not reached. Of a user's attempts
    the furthest counts, the earliest of equal ones. That is what windowFunnel counts, which keeps no times.
    """
    count = len(pages)
    names = [
        f"(path(url) = {{step_{k}:String}})" if page else f"(event_name = {{step_{k}:String}})"
        for k, page in enumerate(pages, start=1)
    ]
    first = ", ".join(f"{name}, {k}" for k, name in enumerate(names))
    bits = " + ".join(f"{2**k} * {name}" for k, name in enumerate(names))
    # Each stage is a subquery of its own: expressions that name each other would be written out into each other.
    value = "''" if breakdown is Breakdown.NONE else f"argMin({_COLUMNS[breakdown]}, timestamp)"
    stages = [
        f"SELECT {value} AS value, arraySort(groupArray((toUnixTimestamp64Milli(timestamp) * 16 + multiIf({first}, 0)) "
        f"* {2**MOST_STEPS} + {bits})) AS line FROM ${{events}} WHERE {' OR '.join(names)} GROUP BY user_id",
        f"SELECT value, arrayFilter((e, n) -> NOT (bitAnd(e, {_BITS}) = 1 AND bitAnd(n, {_BITS}) = 1), line, "
        "arrayPushBack(arrayPopFront(line), toInt64(0))) AS kept",
        f"SELECT value, arrayMap(e -> intDiv(e, {16 * 2**MOST_STEPS}), kept) AS at, "
        f"arrayMap(e -> toUInt16(bitAnd(e, {_BITS})), kept) AS bits, "
        "arrayFilter((i, b) -> bitTest(b, 0), arrayEnumerate(bits), bits) AS s1",
    ]
    for k in range(2, count + 1):
        stages += [
            f"SELECT *, arrayFilter((i, b) -> bitTest(b, {k - 1}), arrayEnumerate(bits), bits) AS all{k}",
            f"SELECT * EXCEPT (all{k}), arrayMap(i -> if(i = 0, 0, arrayFirst(x -> x > i, all{k})), s{k - 1}) AS n{k}",
            f"SELECT * EXCEPT (n{k}), "
            f"arrayMap((b, i) -> if(i = 0 OR at[i] - at[b] > {{window_ms:Int64}}, 0, i), s1, n{k}) AS s{k}",
        ]
    attempts = ", ".join(f"s{k}" for k in range(1, count + 1))
    letters = ", ".join(f"i{k}" for k in range(1, count + 1))
    steps = " + ".join(f"(i{k} > 0)" for k in range(1, count + 1))
    took = ", ".join(f"if(level >= {k}, (at[s{k}[best]] - at[s{k - 1}[best]]) / 1000, 0)" for k in range(2, count + 1))
    times = ", ".join(
        f"(quantileExactIf(0.5)(took[{k}], level > {k}), quantileExactIf(0.9)(took[{k}], level > {k}))"
        for k in range(1, count)
    )
    stages += [
        f"SELECT *, arrayMap(({letters}) -> {steps}, {attempts}) AS levels",
        "SELECT *, arrayMax(levels) AS level, indexOf(levels, level) AS best",
        f"SELECT value, level, [{took}] AS took",
        f"SELECT value, [{times}] AS times, sumMap(map(level, toUInt64(1))) AS by_level",
        "SELECT value, times, level, users",
    ]
    text = stages[0]
    for stage in stages[1:]:
        text = f"{stage} FROM ({text})"
        if stage.startswith("SELECT value, [") and "by_level" in stage:
            text += " WHERE level > 0 GROUP BY value"
    text += " ARRAY JOIN mapKeys(by_level) AS level, mapValues(by_level) AS users"
    return Question(f"funnel_{count}_{breakdown.value}", text)

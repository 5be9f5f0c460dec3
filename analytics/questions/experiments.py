"""Experiments: what each group did, and whether it differs from the control group."""

import asyncio
from typing import Any, Protocol

from analytics.answer import Answer, Span
from analytics.rates import percent
from analytics.scope import Scope
from analytics.sequences import ALARM_ODDS, Estimate, lift, mismatch_odds, ratio, share
from analytics.warehouse import Warehouse
from analytics.watching import Watching, watching

CONTROL = "control"


class Lift(Answer):
    """By how many percent a group is above the control; `low` and `high` hold at all times at once, at 95 %.

    Attributes:
        significant: whether 0 is outside.
    """

    percent: float
    low: float
    high: float
    significant: bool


class Group(Watching):
    """One group. Rates are in percent; lifts are null for the control group, and where there is too little to say."""

    group: str
    users: int
    impressions: int
    clicks: int
    conversions: int
    converting_users: int
    ctr: float
    conversion_rate: float
    converting_rate: float
    ctr_lift: Lift | None
    conversion_lift: Lift | None
    converting_lift: Lift | None


class Experiment(Answer):
    """One experiment.

    Attributes:
        control: the group that the others are compared with.
        planned: the share of each group as the catalogue has it; null: it has no such experiment, or other groups.
        mismatch_odds: how much likelier the sizes of the groups are under another split than under the planned one, or
            an even one where none is known.
        mismatch: whether that is an alarm: then the assignment or the collection is broken, and no lift means anything.
    """

    experiment_id: str
    control: str
    groups: list[Group]
    planned: dict[str, float] | None
    mismatch_odds: float
    mismatch: bool


class Experiments(Answer):
    """The experiments of a scope, by id."""

    experiments: list[Experiment]
    period: Span


class Plans(Protocol):
    """Where it is known how users are meant to be split."""

    async def shares(self, tenant: str, experiment: str) -> dict[str, float] | None:
        """The share of each group; None where nobody says."""


async def experiments(
    warehouse: Warehouse, scope: Scope, experiment: str, control: str, plans: Plans | None = None
) -> Experiments:
    """Answer for a scope; an empty `experiment` is all of them. Without a group `control` the first by name is it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await warehouse.ask(scope, "experiments", experiment=experiment):
        found.setdefault(row["experiment_id"], []).append(row)
    planned: list[dict[str, float] | None] = [None] * len(found)
    if plans is not None:
        planned = await asyncio.gather(*(plans.shares(scope.tenant, name) for name in found))
    return Experiments(
        experiments=[
            _experiment(name, rows, control, shares)
            for (name, rows), shares in zip(found.items(), planned, strict=True)
        ],
        period=Span.of(scope.period),
    )


def _experiment(name: str, rows: list[dict[str, Any]], control: str, shares: dict[str, float] | None) -> Experiment:
    base = next((row for row in rows if row["experiment_group"] == control), rows[0])
    users = {row["experiment_group"]: row["users"] for row in rows}
    planned = shares if shares is not None and users.keys() <= shares.keys() else None
    split = planned or dict.fromkeys(users, 1.0)
    odds = mismatch_odds([users.get(group, 0) for group in split], list(split.values()))
    return Experiment(
        experiment_id=name,
        control=base["experiment_group"],
        groups=[_group(row, base) for row in rows],
        planned=planned,
        mismatch_odds=odds,
        mismatch=odds >= ALARM_ODDS,
    )


def _group(row: dict[str, Any], base: dict[str, Any]) -> Group:
    def against(estimate: Any) -> Lift | None:
        found = None if row is base else lift(estimate(row), estimate(base), row["users"] + base["users"])
        if found is None:
            return None
        return Lift(percent=found[0], low=found[1], high=found[2], significant=not found[1] <= 0 <= found[2])

    return Group(
        group=row["experiment_group"],
        users=row["users"],
        impressions=row["impressions"],
        clicks=row["clicks"],
        conversions=row["conversions"],
        converting_users=row["converting_users"],
        ctr=percent(row["clicks"], row["impressions"]),
        conversion_rate=percent(row["conversions"], row["impressions"]),
        converting_rate=percent(row["converting_users"], row["users"]),
        ctr_lift=against(lambda each: _per_impression(each, "clicks", "clicked")),
        conversion_lift=against(lambda each: _per_impression(each, "conversions", "ordered")),
        converting_lift=against(lambda each: share(each["converting_users"], each["users"])),
        **watching(row),
    )


def _per_impression(row: dict[str, Any], total: str, each: str) -> Estimate:
    return ratio(
        row["users"],
        (row[total], row[f"{each}_{each}"]),
        (row["impressions"], row["shown_shown"]),
        row[f"shown_{each}"],
    )

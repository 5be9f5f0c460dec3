"""Turns what was tallied into answers by name."""

from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np

from clickstream.generator.answers import (
    HALF_LIFE_MS,
    HOT_WEIGHTS,
    TOP,
    Answers,
    ExperimentAnswers,
    ItemClicks,
    ItemScore,
    PlaceAnswers,
)
from clickstream.generator.catalogue import ACTIONS, EVENT_NAMES, FUNNEL, MAX_GROUPS, SCENARIOS, TENANTS
from clickstream.generator.malformed import KINDS, REASONS
from clickstream.generator.model import HOUR_MS
from clickstream.generator.records import AnyArray
from clickstream.generator.tally import Tally


def report(tally: Tally, **options: float | int | str) -> Answers:
    """The answers to all that was tallied; `options` are noted beside the model's own parameters."""
    parameters = asdict(tally.model)
    behaviour = {f"behaviour.{name}": chance for name, chance in parameters.pop("behaviour").items()}
    malformed = dict(zip(KINDS, tally.faults[1:].tolist(), strict=True))
    rejected: Counter[str] = Counter()
    for kind, count in malformed.items():
        rejected[REASONS[kind].value] += count
    return Answers(
        options={**parameters, **behaviour, **options},
        sent=tally.sent,
        valid=int(tally.names.sum()),
        duplicates=tally.duplicates,
        malformed=malformed,
        rejected=dict(+rejected),
        late=tally.late,
        first_event_ms=tally.first_ms if tally.last_ms else 0,
        last_event_ms=tally.last_ms,
        event_names=_named(EVENT_NAMES, tally.names),
        hot_weights=HOT_WEIGHTS,
        half_life_ms=HALF_LIFE_MS,
        places=_places(tally),
        experiments=_experiments(tally),
    )


def _named(names: tuple[str, ...], counts: AnyArray) -> dict[str, int]:
    return {name: count for name, count in zip(names, counts.tolist(), strict=True) if count}


def _shape(tally: Tally) -> tuple[int, int, int, int]:
    return tally.model.tenants, len(SCENARIOS), MAX_GROUPS, len(ACTIONS)


def _places(tally: Tally) -> list[PlaceAnswers]:
    model = tally.model
    users = tally.users.reshape(model.tenants, model.users, -1).sum(axis=1)
    items = tally.items.reshape(model.tenants, model.items, -1)
    clicks = tally.clicks.reshape(model.tenants, model.items, -1)
    scores = tally.scores.reshape(model.tenants, model.items, -1)
    funnel = tally.funnel.reached().reshape(model.tenants, model.users, len(SCENARIOS), len(FUNNEL)).sum(axis=1)
    hourly = {hour: tally.hourly[hour].reshape(_shape(tally)).sum(axis=2) for hour in sorted(tally.hourly)}
    places = []
    for t, tenant in enumerate(TENANTS[: model.tenants]):
        for s, scenario in enumerate(SCENARIOS):
            total = sum((counts[t, s] for counts in hourly.values()), np.zeros(len(ACTIONS), dtype=np.int64))
            if not total.any():
                continue
            place = PlaceAnswers(
                tenant_id=tenant.tenant_id,
                scenario_id=scenario.scenario_id,
                actions=_named(ACTIONS, total),
                unique_users=int(users[t, s]),
                unique_items=int(items[t, :, s].sum()),
                top_clicked=_top_clicked(tenant.item_prefix, clicks[t, :, s]),
                hot_items=_hot_items(tenant.item_prefix, scores[t, :, s], tally.landmark_ms),
                funnel=funnel[t, s].tolist(),
                hours=_by_time({hour: counts[t, s] for hour, counts in hourly.items()}, "%Y-%m-%dT%H"),
                days=_by_time({hour: counts[t, s] for hour, counts in hourly.items()}, "%Y-%m-%d"),
            )
            places.append(place)
    return places


def _by_time(hourly: dict[int, AnyArray], name: str) -> dict[str, dict[str, int]]:
    sums: defaultdict[str, AnyArray] = defaultdict(lambda: np.zeros(len(ACTIONS), dtype=np.int64))
    for hour, counts in hourly.items():
        if counts.any():
            sums[datetime.fromtimestamp(hour * HOUR_MS / 1000, UTC).strftime(name)] += counts
    return {time: _named(ACTIONS, counts) for time, counts in sums.items()}


def _top_clicked(prefix: str, clicks: AnyArray) -> list[ItemClicks]:
    # A stable sort of ids in rising order: equal counts stay by id.
    best = np.argsort(-clicks, kind="stable")[:TOP]
    return [ItemClicks(f"{prefix}{item:07d}", int(clicks[item])) for item in best.tolist() if clicks[item]]


def _hot_items(prefix: str, scores: AnyArray, landmark_ms: int) -> list[ItemScore]:
    best = np.argsort(-scores, kind="stable")[:TOP]
    return [
        ItemScore(f"{prefix}{item:07d}", float(np.log2(scores[item])) + landmark_ms / HALF_LIFE_MS)
        for item in best.tolist()
        if scores[item]
    ]


def _experiments(tally: Tally) -> list[ExperimentAnswers]:
    model = tally.model
    visitors = np.flatnonzero(tally.users)
    user, scenario = np.divmod(visitors, len(SCENARIOS))
    arm = tally.population.group(user, scenario)
    users = np.zeros((model.tenants, len(SCENARIOS), MAX_GROUPS), dtype=np.int64)
    np.add.at(users, (user // model.users, scenario, arm), 1)
    totals = sum(tally.hourly.values(), np.zeros(int(np.prod(_shape(tally))), dtype=np.int64)).reshape(_shape(tally))
    return [
        ExperimentAnswers(
            tenant_id=tenant.tenant_id,
            scenario_id=place.scenario_id,
            experiment_id=place.experiment_id,
            experiment_group=group.name,
            click_effect=group.click_effect,
            order_effect=group.order_effect,
            users=int(users[t, s, g]),
            actions=_named(ACTIONS, totals[t, s, g]),
        )
        for t, tenant in enumerate(TENANTS[: model.tenants])
        for s, place in enumerate(SCENARIOS)
        for g, group in enumerate(place.groups)
        if group.name and users[t, s, g]
    ]

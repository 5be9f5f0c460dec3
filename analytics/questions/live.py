"""Live values and hot items, as Redis has them: what the jobs write, seconds after it happened."""

from analytics.answer import Answer
from clickstream.lookup import AsyncLookup


class Realtime(Answer):
    """A place over the last hour; `live` is false, and all else null, where nothing was written for a day.

    Rates are in percent: `ctr` of impressions, `conversion_rate` of clicks. Users and items are within 2 %. Times are
    milliseconds since the epoch.
    """

    live: bool
    impressions: int | None = None
    clicks: int | None = None
    ctr: float | None = None
    views: int | None = None
    likes: int | None = None
    shares: int | None = None
    add_carts: int | None = None
    conversions: int | None = None
    conversion_rate: float | None = None
    active_users: int | None = None
    active_items: int | None = None
    window_start: int | None = None
    window_end: int | None = None
    updated_at: int | None = None
    data_source: str = "redis"


class Hot(Answer):
    """A hot item; the score is its events' weights, each halved once per half-life of its age, as of now."""

    item_id: str
    score: float


class HotList(Answer):
    """Hot items, hottest first."""

    items: list[Hot]
    data_source: str = "redis"


class Place(Answer):
    """A place: the last hour, and its hottest items."""

    scenario_id: str
    values: Realtime
    items: list[Hot]


class Places(Answer):
    """Several places at once."""

    places: list[Place]
    data_source: str = "redis"


async def realtime(lookup: AsyncLookup, tenant: str, scenario: str) -> Realtime:
    """Live values of a place."""
    found = await lookup.realtime_metrics(tenant, scenario)
    if found is None:
        return Realtime(live=False)
    values = {name: getattr(found, name) for name in found.__slots__}
    return Realtime(live=True, **(values | {"ctr": found.ctr * 100, "conversion_rate": found.conversion_rate * 100}))


async def hot(lookup: AsyncLookup, tenant: str, scenario: str, limit: int) -> HotList:
    """Hot items of a place."""
    found = await lookup.hot_items(tenant, scenario, limit)
    return HotList(items=[Hot(item_id=item.item_id, score=item.score) for item in found])

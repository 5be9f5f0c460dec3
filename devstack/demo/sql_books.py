"""What the jobs keep in Redis against the same worked out by SQL from the rows in ClickHouse."""

import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from math import isclose, log2

from clickstream.config import HotSettings, RecentSettings, RedisSettings, resolve
from clickstream.lookup import Lookup
from clickstream.places import Place
from clickstream.scoring.rule import RuleBook
from devstack.demo.nodes import Nodes

TOP = 50
USERS = 100
MINUTE_MS = 60_000
SCORE_TOLERANCE = 1e-6  # of log2: less than a millionth of the score
COUNTERS = {
    "impressions": "impression",
    "clicks": "click",
    "views": "view",
    "likes": "like",
    "shares": "share",
    "add_carts": "add_cart",
    "conversions": "order",
}


@dataclass(frozen=True, slots=True)
class Match:
    """How many figures were compared, and how many of them agree."""

    what: str
    compared: int
    equal: int


class SqlBooks:
    """Compares. Everything that was sent must have been stored: a row that is not there yet is a difference.

    Args:
        nodes: the shards; closed by whoever made it.
        table: the local table.
        epoch: of the ODS topic that the jobs have read.
    """

    def __init__(self, nodes: Nodes, table: str, epoch: int) -> None:
        self._nodes = nodes
        self._rows = f"{table} WHERE _epoch = {epoch}"
        self._redis = resolve(RedisSettings)

    def matches(self, keys: Collection[str]) -> list[Match]:
        """For the jobs of these words: hot, metrics, recent.

        Raises:
            UnavailableError: ClickHouse or Redis does not answer.
        """
        compare = {"hot": self._hot, "metrics": self._metrics, "recent": self._recent}
        with Lookup.connect(redis_settings=self._redis) as lookup:
            return [found(lookup) for key, found in compare.items() if key in keys]

    def _hot(self, lookup: Lookup) -> Match:
        """The TOP hottest items of each place, in the order of their scores."""
        what = f"hot scores, {TOP} items a place"
        settings = resolve(HotSettings)
        if settings.cap or settings.scenarios:
            return Match(f"{what} (not compared: CLICKSTREAM_HOT_CAP or _SCENARIOS is set)", 0, 0)
        now, half_life = int(time.time() * 1000), settings.half_life_seconds * 1000
        rule = RuleBook(settings).rule(Place("", ""))
        weight = ", ".join(f"action_type = '{action}', {value}" for action, value in rule.weights.items())
        # 2 ** (t / half-life) is no float64: the present is subtracted here and added again below.
        sql = (
            "SELECT tenant_id, scenario_id, item_id, "
            f"sum(multiIf({weight}, 0) * exp2((toUnixTimestamp64Milli(timestamp) - {now}) / {half_life})) "
            f"FROM {self._rows} AND item_id != '' GROUP BY 1, 2, 3"
        )
        scores: defaultdict[tuple[str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for tenant, scenario, item, score in self._nodes.query(sql):
            scores[tenant, scenario][item] += score
        compared = equal = 0
        for (tenant, scenario), items in scores.items():
            published = {item.item_id: item.log_score for item in lookup.hot_items(tenant, scenario, 2 * TOP)}
            for item in sorted((item for item in items if items[item]), key=lambda item: -items[item])[:TOP]:
                compared += 1
                expected = log2(items[item]) + now / half_life
                equal += isclose(published.get(item, 0.0), expected, rel_tol=0, abs_tol=SCORE_TOLERANCE)
        return Match(what, compared, equal)

    def _metrics(self, lookup: Lookup) -> Match:
        """The seven counters of each place, each over the window that its HASH names."""
        sql = (
            f"SELECT tenant_id, scenario_id, intDiv(toUnixTimestamp64Milli(timestamp), {MINUTE_MS}) * {MINUTE_MS}, "
            f"toString(action_type), count() FROM {self._rows} GROUP BY 1, 2, 3, 4"
        )
        counts: defaultdict[tuple[str, str], list[tuple[int, str, int]]] = defaultdict(list)
        for tenant, scenario, minute, action, count in self._nodes.query(sql):
            counts[tenant, scenario].append((minute, action, count))
        compared = equal = 0
        for (tenant, scenario), minutes in counts.items():
            found = lookup.realtime_metrics(tenant, scenario)
            for counter, action in COUNTERS.items():
                compared += 1
                if found is not None:
                    window = range(found.window_start, found.window_end)
                    expected = sum(count for minute, of, count in minutes if of == action and minute in window)
                    equal += getattr(found, counter) == expected
        return Match("live metrics, 7 a place", compared, equal)

    def _recent(self, lookup: Lookup) -> Match:
        """The whole lists of USERS users."""
        what = f"recent items of {USERS} ids"
        if not self._redis.keys.recent_by_tenant:
            return Match(f"{what} (not compared: CLICKSTREAM_REDIS_KEY_RECENT has no {{tenant}})", 0, 0)
        seen = f"{self._rows} AND action_type IN ('view', 'click') AND item_id != ''"
        sample = f"SELECT DISTINCT cityHash64(user_id), user_id FROM {seen} ORDER BY 1 LIMIT {USERS}"
        users = [user for _, user in sorted(set(self._nodes.query(sample)))[:USERS]]
        sql = (
            "SELECT tenant_id, user_id, item_id, max(toUnixTimestamp64Milli(timestamp)) "
            f"FROM {seen} AND user_id IN {{users:Array(String)}} GROUP BY 1, 2, 3"
        )
        times: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for tenant, user, item, at in self._nodes.query(sql, users=users):
            times[tenant, user][item] = max(times[tenant, user].get(item, 0), at)
        most = resolve(RecentSettings).items
        equal = 0
        for (tenant, user), items in times.items():
            expected = sorted(items, key=lambda item, items=items: (-items[item], item))[:most]  # type: ignore[misc]
            equal += lookup.recent_items(tenant, user, most) == expected
        return Match(what, len(times), equal)

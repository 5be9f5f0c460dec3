"""Redis keys: the templates, and how ids get into them. Readers and writers take keys from here alone.

An id may hold any character, so `:` and `%` in it are percent-encoded: tenants "a:b" with scenario "c" and "a" with
"b:c" have keys of their own. On a cluster a scenario's keys share the hash tag `{tenant:scenario}`, hence a slot.
"""

from dataclasses import dataclass

from clickstream.key_templates import fields_of

HOT_ITEMS = "hot:items:{tenant}:{scenario}"
HOT_META = "hot:meta:{tenant}:{scenario}"
METRICS = "metrics:realtime:{tenant}:{scenario}"
RECENT = "user:recent:{user_id}"

PLACE = "{tenant}:{scenario}"


def encoded(part: str) -> str:
    """An id as a part of a key; `decoded` undoes it."""
    return part.replace("%", "%25").replace(":", "%3A")


def decoded(part: str) -> str:
    """The id that `encoded` was given."""
    return part.replace("%3A", ":").replace("%25", "%")


@dataclass(frozen=True, slots=True)
class RedisKeys:
    """The keys of one deployment. Two ids or two kinds of keys never share one.

    Attributes:
        cluster: whether the keys of a scenario get a common hash tag; it stands around the first `{tenant}:{scenario}`.
    """

    hot_items_template: str = HOT_ITEMS
    hot_meta_template: str = HOT_META
    metrics_template: str = METRICS
    recent_template: str = RECENT
    cluster: bool = False

    def hot_items(self, tenant: str, scenario: str) -> str:
        """ZSET of hot scores by item id."""
        return self._placed(self.hot_items_template, tenant, scenario)

    def hot_meta(self, tenant: str, scenario: str) -> str:
        """HASH that says how the scores were made."""
        return self._placed(self.hot_meta_template, tenant, scenario)

    def metrics(self, tenant: str, scenario: str) -> str:
        """HASH of live metrics."""
        return self._placed(self.metrics_template, tenant, scenario)

    def recent(self, tenant: str, user_id: str) -> str:
        """LIST of a user's items."""
        return self.recent_template.format(tenant=encoded(tenant), user_id=encoded(user_id))

    @property
    def recent_by_tenant(self) -> bool:
        """Whether equal user ids of two tenants have keys of their own."""
        return "tenant" in fields_of(self.recent_template)

    def _placed(self, template: str, tenant: str, scenario: str) -> str:
        if self.cluster:
            template = template.replace(PLACE, "{{" + PLACE + "}}", 1)
        return template.format(tenant=encoded(tenant), scenario=encoded(scenario))

"""Redis keys: the templates, and how ids get into them. Readers and writers take keys from here alone.

An id may hold any character, so `:` and `%` in it are percent-encoded: tenants "a:b" with scenario "c" and "a" with
"b:c" have keys of their own. So are braces: what stands between two of them, the hash tag, decides which node of a
cluster has the key. There a scenario's keys share the hash tag `{tenant:scenario}`, hence a slot; a user's always do.
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
    return part.replace("%", "%25").replace(":", "%3A").replace("{", "%7B").replace("}", "%7D")


def decoded(part: str) -> str:
    """The id that `encoded` was given."""
    return part.replace("%7D", "}").replace("%7B", "{").replace("%3A", ":").replace("%25", "%")


def slot_part(key: str) -> str:
    """What of a key decides its slot: its hash tag, which is what stands in its first braces, or else all of it."""
    _, opened, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed and tag else key


def erased_template(recent: str) -> str:
    """The template of the key beside a list of `recent`, in the same slot: one script may touch both."""
    return f"{recent}:erased" if "{{" in recent else "erased:{{" + recent + "}}"


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

    def erased(self, tenant: str, user_id: str) -> str:
        """STRING: when the user was erased (ms since the epoch). Items seen until then must not come into the list."""
        return erased_template(self.recent_template).format(tenant=encoded(tenant), user_id=encoded(user_id))

    @property
    def recent_by_tenant(self) -> bool:
        """Whether equal user ids of two tenants have keys of their own."""
        return "tenant" in fields_of(self.recent_template)

    def _placed(self, template: str, tenant: str, scenario: str) -> str:
        if self.cluster:
            template = template.replace(PLACE, "{{" + PLACE + "}}", 1)
        return template.format(tenant=encoded(tenant), scenario=encoded(scenario))

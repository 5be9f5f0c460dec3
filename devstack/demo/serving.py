"""What Redis tells a recommender, live."""

from dataclasses import dataclass

from clickstream.generator.catalogue import SCENARIOS, TENANTS
from clickstream.lookup import HotItem, LiveMetrics, Lookup
from devstack.demo.poller import Poller

# The busiest place of the modelled traffic.
TENANT, SCENARIO = TENANTS[0].tenant_id, SCENARIOS[0].scenario_id
HOTTEST = 2


@dataclass(frozen=True, slots=True)
class Served:
    """One place: the hottest items, and the metrics of the last hour; none where no job has written them."""

    items: tuple[HotItem, ...]
    metrics: LiveMetrics | None

    def __str__(self) -> str:
        said = []
        if self.items:
            items = ", ".join(f"{item.item_id} ({item.score:,.1f})" for item in self.items)
            said.append(f"hottest {items}")
        if found := self.metrics:
            said.append(f"{found.impressions:,} impressions, {found.clicks:,} clicks (CTR {found.ctr:.1%}) in the hour")
        return f"{TENANT}/{SCENARIO}: {'; '.join(said)}" if said else ""


class Serving:
    """Asks in a thread of its own. Call close."""

    def __init__(self) -> None:
        self._lookup = Lookup.connect()
        self._poller: Poller[Served | None] = Poller("serving", self._ask, None)

    @property
    def served(self) -> Served | None:
        """The latest answer; None before the first."""
        return self._poller.answer

    def close(self) -> None:
        """Ask no more."""
        self._poller.close()

    def _ask(self) -> Served:
        items = self._lookup.hot_items(TENANT, SCENARIO, HOTTEST)
        return Served(tuple(items), self._lookup.realtime_metrics(TENANT, SCENARIO))

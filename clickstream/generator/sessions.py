"""Sessions: pages with recommendation lists, and what the user does with the items on them, many at once."""

import numpy as np

from clickstream.generator.catalogue import ADD_CART, CLICK, IMPRESSION, LIKE, ORDER, PAGEVIEW, SHARE, VIEW
from clickstream.generator.malformed import KINDS
from clickstream.generator.model import HOUR_MS, TrafficModel
from clickstream.generator.population import Population, draw, exponential
from clickstream.generator.records import RECORD, AnyArray, Ints, Records

MILLISECOND = 1000
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND

_LISTS = np.array([1, 1, 1, 2, 2, 2, 3, 4], dtype=np.int64)
_SLOTS = np.array([4, 6, 6, 8, 10], dtype=np.int64)
_CUSTOM_EVENTS = np.array([0, 0, 1, 1, 1, 2, 2, 3], dtype=np.int64)
_BETWEEN_LISTS = exponential(40 * SECOND, 5 * SECOND)
_BETWEEN_STEPS = exponential(4 * SECOND, 300 * MILLISECOND)
_NETWORK = exponential(120 * MILLISECOND, 5 * MILLISECOND)
_LEAST_LATE, _MOST_LATE = 1 * MINUTE, 15 * MINUTE
_RESENT = exponential(3 * SECOND, 200 * MILLISECOND)
# No event is sent later than this after it happened, as a duplicate or not.
MAX_DELAY = _MOST_LATE + int(_RESENT.max()) + int(_NETWORK.max())
# Attention falls with the position in the list; index 0 is no position.
_ATTENTION = np.array([1.0] + [1 / (1 + 0.12 * slot) for slot in range(10)])


class Sessions:
    """Makes all events of sessions that begin in a stretch of model time."""

    def __init__(self, model: TrafficModel, population: Population) -> None:
        self._model = model
        self._population = population
        # Sessions and delays that are long against the whole span would mostly be cut off at its end.
        self._pace = min(1000, max(1, 2 * 1000 * model.span_ms // HOUR_MS))

    def begin(self, rng: np.random.Generator, begin_us: int, length_us: int, count: int) -> Records:
        """Events of `count` sessions that begin within [begin_us, begin_us + length_us), with faults and duplicates.

        Returns:
            Records in no particular order; `happened` and `sent` may lie far beyond the stretch.
        """
        people = self._population
        tenant = draw(rng, people.tenant, count)
        user = tenant * people.users + draw(rng, people.user, count)
        scenario = draw(rng, people.scenario, count)
        group = people.group(user, scenario)
        start = begin_us + rng.integers(0, length_us, count)
        session = rng.integers(0, 2**64, count, dtype=np.uint64)

        lists = draw(rng, _LISTS, count)
        visit = np.repeat(np.arange(count), lists)
        pause = draw(rng, _BETWEEN_LISTS, len(visit)) * self._pace // 1000
        elapsed = np.cumsum(pause)
        first = np.cumsum(lists) - lists
        opened = start[visit] + elapsed - elapsed[first][visit]
        request = rng.integers(0, 2**64, len(visit), dtype=np.uint64)

        slots = draw(rng, _SLOTS, len(visit))
        shown = np.repeat(np.arange(len(visit)), slots)
        position = np.arange(len(shown)) - (np.cumsum(slots) - slots)[shown] + 1
        shown_tenant = tenant[visit[shown]]
        picks = rng.integers(0, people.item.shape[1], len(shown), dtype=np.uint32)
        item = shown_tenant * people.items + people.item[shown_tenant, picks]
        shown_at = opened[shown] + (200 + 60 * position) * MILLISECOND * self._pace // 1000

        steps = self._steps(rng, scenario[visit[shown]], group[visit[shown]], position, shown_at)
        others = np.repeat(np.arange(len(visit)), draw(rng, _CUSTOM_EVENTS, len(visit)))
        slot = np.concatenate([index for _, index, _ in steps])
        listed = np.concatenate([shown[slot], np.arange(len(visit)), others])

        events = np.zeros(len(listed), dtype=RECORD)
        of_item = slice(0, len(slot))
        of_page = slice(len(slot), len(slot) + len(visit))
        of_custom = slice(len(slot) + len(visit), len(listed))
        who = visit[listed]
        events["session"] = session[who]
        events["request"] = request[listed]
        events["user"] = user[who]
        events["scenario"] = scenario[who]
        events["item"] = -1
        events["item"][of_item] = item[slot]
        events["position"][of_item] = position[slot]
        events["name"][of_item] = np.concatenate([np.full(len(index), name) for name, index, _ in steps])
        events["happened"][of_item] = np.concatenate([at for _, _, at in steps])
        events["name"][of_page] = PAGEVIEW
        events["happened"][of_page] = opened
        events["name"][of_custom] = draw(rng, people.custom, len(others))
        events["happened"][of_custom] = opened[others] + rng.integers(0, 30 * SECOND, len(others)) * self._pace // 1000
        return self._sent(rng, events)

    def _steps(
        self, rng: np.random.Generator, scenario: AnyArray, group: AnyArray, position: AnyArray, shown_at: Ints
    ) -> list[tuple[int, Ints, Ints]]:
        """(event name, indices of impressions, times) of each kind of step that follows from impressions."""
        chance = self._model.behaviour
        everything = np.arange(len(shown_at))
        click_chance = chance.click * self._population.click_effect[scenario, group] * _ATTENTION[position]
        order_chance = chance.order * self._population.order_effect[scenario, group]

        def follow(index: Ints, at: Ints, probability: float | AnyArray) -> tuple[Ints, Ints]:
            kept = rng.random(len(index)) < probability
            return index[kept], at[kept] + draw(rng, _BETWEEN_STEPS, int(kept.sum())) * self._pace // 1000

        click = follow(everything, shown_at, click_chance)
        view = follow(*click, chance.view)
        like = follow(*view, chance.like)
        share = follow(*view, chance.share)
        add_cart = follow(*view, chance.add_cart)
        order = follow(*add_cart, order_chance[add_cart[0]])
        chain = ((CLICK, click), (VIEW, view), (LIKE, like), (SHARE, share), (ADD_CART, add_cart), (ORDER, order))
        return [(IMPRESSION, everything, shown_at), *((name, index, at) for name, (index, at) in chain)]

    def _sent(self, rng: np.random.Generator, events: Records) -> Records:
        """Delay, break and repeat events as the model's shares say."""
        model, count = self._model, len(events)
        events["salt"] = rng.integers(0, 2**64, count, dtype=np.uint64)
        late = rng.random(count) < model.late
        delay = draw(rng, _NETWORK, count)
        delay[late] = rng.integers(_LEAST_LATE, _MOST_LATE, int(late.sum())) * self._pace // 1000
        events["sent"] = events["happened"] + delay
        broken = rng.random(count) < model.malformed
        events["fault"][broken] = rng.integers(1, len(KINDS) + 1, int(broken.sum()))
        again = events[(rng.random(count) < model.duplicates) & ~broken]
        again["sent"] += draw(rng, _RESENT, len(again)) * self._pace // 1000
        again["duplicate"] = True
        return np.concatenate([events, again])

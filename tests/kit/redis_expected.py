"""What the jobs that write to Redis must have written: worked out plainly from what the topic holds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clickstream.events.action import Action
from clickstream.events.decode import EventDecoder
from clickstream.events.model import Event
from clickstream.events.rejection import Rejection
from clickstream.redis_keys import encoded
from tests.kit.kafka import Record

MINUTE_MS = 60_000
COUNTED = {
    "impressions": Action.IMPRESSION,
    "clicks": Action.CLICK,
    "views": Action.VIEW,
    "likes": Action.LIKE,
    "shares": Action.SHARE,
    "add_carts": Action.ADD_CART,
    "conversions": Action.ORDER,
}


@dataclass(frozen=True)
class Read:
    """A valid event that no other has the id of, and the greatest event time of its partition before it, in ms."""

    event: Event
    reached: int


def valid_events(records: Sequence[Record]) -> list[Read]:
    """The valid events of a topic: of those with one id the first of their partition, where repeats lie too."""
    decoder = EventDecoder(Event)
    reached: dict[int, int] = {}
    seen: set[str] = set()
    found = []
    for record in sorted(records, key=lambda each: (each.partition, each.offset)):
        event = decoder.decode(record.value, record.timestamp or 0)
        if isinstance(event, Rejection):
            continue
        before = reached.get(record.partition, -1)
        reached[record.partition] = max(before, event.timestamp)
        if event.event_id not in seen:
            seen.add(event.event_id)
            found.append(Read(event, before))
    return found


def recent_items(events: Iterable[Read], most: int = 50) -> dict[tuple[str, str], list[str]]:
    """Items viewed or clicked by tenant and user: the newest first, equally new ones by id."""
    times: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for read in events:
        event = read.event
        if event.action_type in (Action.VIEW, Action.CLICK) and event.item_id:
            of_user = times[event.tenant_id, event.user_id]
            of_user[event.item_id] = max(of_user.get(event.item_id, 0), event.timestamp)
    return {
        user: sorted(of_user, key=lambda item, of_user=of_user: (-of_user[item], item))[:most]  # type: ignore[misc]
        for user, of_user in times.items()
    }


def minutes(events: Iterable[Read], lateness_ms: int | None = None) -> dict[str, dict[str, int]]:
    """Counts by the key of a closed minute's record; with a lateness without what is late in its partition."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    names = {action: name for name, action in COUNTED.items()}
    for read in events:
        event = read.event
        start = event.timestamp // MINUTE_MS * MINUTE_MS
        if lateness_ms is not None and start + MINUTE_MS + lateness_ms <= read.reached:
            continue
        counts = found[f"{encoded(event.tenant_id)}:{encoded(event.scenario_id)}:{start}"]
        if event.action_type in names:
            counts[names[event.action_type]] += 1
    return {key: {name: counts[name] for name in COUNTED} for key, counts in found.items()}

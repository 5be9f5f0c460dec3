"""The parameters of the traffic: how much, by whom, with which faults."""

from dataclasses import dataclass, field

from clickstream.errors import ConfigurationError
from clickstream.generator.catalogue import TENANTS

HOUR_MS = 3_600_000
# Ids are rendered beforehand: a million of each for eight tenants takes 2 GB.
MAX_USERS = MAX_ITEMS = 1_000_000
# What `sessions` makes on average with the default behaviour. Were it wrong, model time would only run off real time.
EVENTS_PER_SESSION = 22
SESSIONS_PER_USER_AND_HOUR = 1


@dataclass(frozen=True)
class Behaviour:
    """Probabilities of one user's next step; experiments multiply `click` and `order`."""

    click: float = 0.16  # of an impression, at the first position
    view: float = 0.85  # of a click
    like: float = 0.10  # of a view
    share: float = 0.04  # of a view
    add_cart: float = 0.25  # of a view
    order: float = 0.40  # of a filled cart


@dataclass(frozen=True)
class TrafficModel:
    """Everything that decides which bytes are generated. Equal models give equal bytes in equal order.

    Attributes:
        events: records to send in all, with duplicates and malformed ones.
        span_ms: event time from the first record to the last; records are spread over it evenly.
        start_ms: Kafka timestamp of the first record, in ms since the epoch.
        seed: of all random draws.
        tenants: how many shops of `catalogue.TENANTS`.
        users: per tenant.
        items: per tenant.
        duplicates: share of the events that are sent a second time, shortly after.
        malformed: share of the events that are broken in one of the ways of `malformed.KINDS`.
        late: share of the events that are sent minutes after they happened.
        behaviour: probabilities of the steps.

    Raises:
        ConfigurationError: a value is outside what the model can express.
    """

    events: int = 100_000
    span_ms: int = HOUR_MS
    start_ms: int = 1_767_225_600_000  # 2026-01-01T00:00:00Z
    seed: int = 1
    tenants: int = 3
    users: int = 10_000
    items: int = 5_000
    duplicates: float = 0.01
    malformed: float = 0.005
    late: float = 0.01
    behaviour: Behaviour = field(default_factory=Behaviour)

    def __post_init__(self) -> None:
        limits: tuple[tuple[str, float, float, float], ...] = (
            ("events", self.events, 1, 10**11),
            # Kept short enough for 64-bit products of event number and span.
            ("span_ms", self.span_ms, 1, 366 * 24 * HOUR_MS),
            # Thirteen digits and within what an event may carry: from 2001 to 2096.
            ("start_ms", self.start_ms, 10**12, 4 * 10**12),
            ("seed", self.seed, 0, 2**63),
            ("tenants", self.tenants, 1, len(TENANTS)),
            ("users", self.users, 1, MAX_USERS),
            ("items", self.items, 1, MAX_ITEMS),
            ("duplicates", self.duplicates, 0, 1),
            ("malformed", self.malformed, 0, 1),
            ("late", self.late, 0, 1),
        )
        for name, value, low, high in limits:
            if not low <= value <= high:
                raise ConfigurationError(f"traffic model: {name} is {value}; give a value from {low} to {high}")
        if self.events * self.span_ms >= 2**63:
            raise ConfigurationError("traffic model: events times span is too large; split the run in two")

    @property
    def events_per_second(self) -> float:
        """Records per second of event time."""
        return self.events * 1000 / self.span_ms


def natural_events(users: int, tenants: int, span_ms: int) -> int:
    """Records that so many users per tenant make in that time when nobody says how many: one session an hour each."""
    sessions = users * tenants * SESSIONS_PER_USER_AND_HOUR * span_ms / HOUR_MS
    return max(1, round(sessions * EVENTS_PER_SESSION))
